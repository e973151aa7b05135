// Event time, out of order by days: real commits, counted per repository and week; what comes too late goes to a side output.
// npx millrace run examples/commits-by-week.ts -- --input examples/data/commits.jsonl.gz --output out/
import { Duration, OutputTag, ParameterTool, StreamExecutionEnvironment, TumblingEventTimeWindows, Types, WatermarkStrategy } from 'millrace';
import { FileSink, FileSource, JsonLinesEncoder, JsonLinesFormat } from '@millrace/connectors/file';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const env = StreamExecutionEnvironment.getExecutionEnvironment();

const Commit = Types.row({
  repository: Types.STRING,
  commit: Types.STRING,
  author: Types.STRING,
  authoredAt: Types.LONG, // number; a value that is not a safe integer is refused with its position
  committedAt: Types.LONG,
});
const late = new OutputTag('late', Commit);

const commits = env
  .fromSource(
    FileSource.forRecordStreamFormat(new JsonLinesFormat(Commit), params.getRequired('input')).build(),
    WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofDays(30)).withTimestampAssigner((commit) => commit.authoredAt),
    'commits',
  )
  .setParallelism(1); // a gzip file is one split; with idle readers beside it, chance would decide which commits are late

const weekly = commits
  .keyBy((commit) => commit.repository)
  .window(TumblingEventTimeWindows.of(Duration.ofDays(7)))
  .allowedLateness(Duration.ofDays(7))
  .sideOutputLateData(late)
  .aggregate(
    {
      createAccumulator: () => ({ commits: 0, authors: new Set<string>() }),
      add: (commit, acc) => {
        acc.commits += 1;
        acc.authors.add(commit.author);
        return acc;
      },
      getResult: (acc) => ({ commits: acc.commits, authors: acc.authors.size }),
    },
    (repository, window, total) => ({ repository, week: window.start, ...total }), // what a function returns is emitted
  )
  .uid('weekly');

weekly.sinkTo(FileSink.forRowFormat(params.getRequired('output'), new JsonLinesEncoder()).build());
weekly.getSideOutput(late).map((commit) => `late: ${commit.repository} ${commit.commit}`).print();

await env.execute('commits by week');
