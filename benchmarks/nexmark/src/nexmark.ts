/** The job behind `npm run nexmark`. Several queries, separated by commas, become one job with one source; then `--output` names a folder. */
import { join } from 'node:path';
import { DiscardingSink, ParameterTool, StreamExecutionEnvironment } from 'millrace';
import { Events } from './events.ts';
import { DEFAULT_RATE } from './generator.ts';
import { queries } from './queries.ts';
import { RowsSink } from './rows-sink.ts';

const params = ParameterTool.fromArgs(process.argv.slice(2));
const names = params.getRequired('query').split(',');
const output = params.get('output');
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const events = new Events(env, {
  events: params.has('events') ? params.getLong('events') : undefined,
  rate: params.getLong('rate', DEFAULT_RATE),
  file: params.get('input'),
});

for (const name of names) {
  const query = queries.get(name);
  if (query === undefined)
    events.all.sinkTo(new DiscardingSink()); // the generator alone
  else if (output === undefined) query.discard(events);
  else {
    const file = names.length === 1 ? output : join(output, `${name}.jsonl`);
    query.lines(events).sinkTo(new RowsSink(file)).setParallelism(1);
  }
}

await env.execute(`nexmark ${names.join(' ')}`);
