/** Asynchronous requests of random programs: answered after a number of microtasks that hangs on the record, so that answers overtake each other. */
import { AsyncDataStream } from '@millrace/streaming/api/async-data-stream';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { ResultFuture } from '@millrace/streaming/operators/async-request';
import type { Made, Records, TimedRecord } from './build-program.ts';
import { answers, ATTEMPTS, attemptsInVain, fallbackOf, isAnswered, SLOWEST_MS } from './operations.ts';
import type { OracleRecord, SimplePlan, SlowPlan } from './program.ts';

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

/** Holds more than any source has: what is in flight must not hang on how much there is room for. */
const CAPACITY = 50_000;
const RETRY_MS = Math.floor(SLOWEST_MS / ATTEMPTS);

/** Answers that wait for the clock. */
export function slow({ ordered, how }: SlowPlan, input: Records): Made {
  const wait = ordered ? AsyncDataStream.orderedWait : AsyncDataStream.unorderedWait;
  if (how === 'times out') return wait(input, rich(timingOut), { timeout: `${SLOWEST_MS} ms`, capacity: CAPACITY });
  const retry = {
    maxAttempts: ATTEMPTS,
    delay: `${RETRY_MS} ms`,
    ifResult: (result: TimedRecord | undefined) => result === undefined,
    ifException: (error: unknown) => error instanceof NotYet,
  } as const;
  // A rolling aggregate may emit the object that it keeps once more; requests are told apart by theirs.
  const own = input.map((record) => ({ ...record })).setParallelism(input.getParallelism());
  return wait(own, rich(askedAgain), { timeout: '1 h', capacity: CAPACITY, retry });
}

class NotYet extends Error {}

const timingOut = () => ({
  asyncInvoke(record: TimedRecord, result: ResultFuture<TimedRecord>) {
    if (isAnswered(record)) result.complete([record]);
  },
  timeout: (record: TimedRecord, result: ResultFuture<TimedRecord>) => result.complete(fallbackOf(record)),
});

/** Attempts in vain fail for some keys, and find nothing for others. */
function askedAgain() {
  const asked = new WeakMap<OracleRecord, number>();
  return {
    async asyncInvoke(record: TimedRecord, result: ResultFuture<TimedRecord>) {
      const attempts = asked.get(record) ?? 0;
      asked.set(record, attempts + 1);
      await turns(record.v % 3);
      if (attempts >= attemptsInVain(record)) result.complete([{ k: record.k, v: record.v + 100 * attempts }]);
      else if (record.k % 2 === 1 && attempts + 1 < ATTEMPTS) throw new NotYet('not yet');
      else result.complete([]);
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
