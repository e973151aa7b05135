// npx millrace run examples/word-count.ts --parallelism 4 -- --input README.md
import { ParameterTool, StreamExecutionEnvironment } from 'millrace';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();

env
  .readTextFile(params.getRequired('input'))
  .flatMap((line) => line.toLowerCase().split(/[^\p{L}\p{N}]+/u)) // an iterable is emitted element by element
  .filter((word) => word.length > 0)
  .map((word) => ({ word, count: 1 }))
  .keyBy((entry) => entry.word)
  .sum('count') // only a numeric field of the record is accepted here; the compiler checks it
  .print();

await env.execute('word count');
