/** Asynchronous requests of random programs: answered after a number of microtasks that hangs on the record, so that answers overtake each other. */
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { ResultFuture } from '@millrace/streaming/operators/async-request';
import type { Made, Records, TimedRecord } from './build-program.ts';
import { answers } from './operations.ts';
import type { SimplePlan } from './program.ts';

type AsyncPlan = Extract<SimplePlan, { op: 'async' }>;

export function asynchronous({ ordered, capacity, many }: AsyncPlan, input: Records): Made {
  const options = { timeout: '1 h', capacity } as const;
  const wait = ordered ? AsyncDataStream.orderedWait : AsyncDataStream.unorderedWait;
  if (!many) {
    const ask = async (record: TimedRecord): Promise<TimedRecord | undefined> => {
      await turns(record.v % 3);
      return answers(record, false)[0];
    };
    return wait(input, ask, options);
  }
  const asking = () => ({
    async asyncInvoke(record: TimedRecord, result: ResultFuture<TimedRecord>) {
      await turns((record.v * 5) % 4);
      result.complete(answers(record, true));
    },
  });
  return wait(input, rich(asking), options);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
