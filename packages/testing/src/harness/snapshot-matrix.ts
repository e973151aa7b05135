/**
 * The operator matrix in time: one operator over a script, without snapshots, with one before each step, and started anew from one before each step; with an outbox that
 * is never, always or every second time full. All of them must give the same, and leave nothing more behind.
 */
import { AssertionError } from 'node:assert';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import type { SingleOutputStreamOperator } from '@millrace/streaming/api/single-output-stream-operator';
import type { MatrixRecord, MatrixStep, OperatorCase } from './operator-matrix.ts';
import { OperatorRun, type RunLogic, type Sent } from './operator-run.ts';
import { operatorUnderTest } from './operator-under-test.ts';

type Snapshots = 'none' | 'taken' | 'restored';

interface Way {
  readonly snapshots: Snapshots;
  /** Promises are waited for before each step, or only before the last ones: then snapshots hold requests that are under way. */
  readonly waits: boolean;
  readonly fullEvery: number;
}

const WAYS: readonly Way[] = (['none', 'taken', 'restored'] as const).flatMap((snapshots) =>
  [0, 1, 2].flatMap((fullEvery) => [true, false].map((waits) => ({ snapshots, waits, fullEvery }))),
);

/**
 * Rejects with an `AssertionError` that names the way which differs; settles with what came out. It runs the last operator of what `build` makes: what is before it
 * must hand records on as they are. Functions must keep in state what they want to know after a restore.
 */
export async function runSnapshotMatrix<R extends MatrixRecord>({ script, build }: OperatorCase<R>): Promise<readonly string[]> {
  const main = (first: DataStream<R>, second: DataStream<R>) => {
    const built = build(first, second);
    return (Array.isArray(built) ? (built as readonly unknown[])[0] : built) as SingleOutputStreamOperator<unknown>;
  };
  const logic = () => operatorUnderTest<R, R, unknown>(main);
  const [plainest, ...others] = WAYS as [Way, ...Way[]];
  const expected = await runWay(logic(), script, plainest);
  for (const way of others) {
    const actual = await runWay(logic(), script, way);
    if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
    throw new AssertionError({
      message: `The operator gives something else ${describe(way)}.`,
      actual,
      expected,
      operator: 'deepStrictEqual',
    });
  }
  return expected;
}

async function runWay<R extends MatrixRecord>(logic: RunLogic, script: readonly MatrixStep<R>[], way: Way): Promise<string[]> {
  const { fullEvery, waits, snapshots } = way;
  let run = await OperatorRun.open(logic, { fullEvery });
  const log: Sent[] = [];
  for (const step of script) {
    if (waits || run.isBlocked) await run.whenIdle();
    log.push(...run.takeLog());
    if (snapshots !== 'none') {
      const snapshot = await run.snapshot();
      log.push(...run.takeLog());
      if (snapshots === 'restored') {
        await run.close();
        run = await OperatorRun.open(logic, { fullEvery, restored: snapshot });
        if (run.isBlocked) await run.whenIdle();
        // The watermark that the sources give once more is no news.
        log.push(...run.takeLog().filter((sent) => 'record' in sent));
      }
    }
    if ('record' in step) run.record(step.record, step.record.at, step.input);
    else if ('watermark' in step) run.watermark(step.watermark, step.input);
    else run.advanceTo(run.processingTime + step.advanceMs);
  }
  await run.finish();
  log.push(...run.takeLog());
  const leftOver = `${run.timers.numEventTimeTimers} event-time timers are left`;
  await run.close();
  return [...linesOf(log), leftOver];
}

/** Records between two watermarks have no order among each other, where several keys or requests made them. */
function linesOf(log: readonly Sent[]): string[] {
  const lines: string[] = [];
  let records: string[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  for (const sent of log) {
    if ('record' in sent) {
      records.push(`${sent.tag === undefined ? '' : `${sent.tag}: `}${JSON.stringify(sent.record)} at ${sent.timestamp ?? 'no time'}`);
      continue;
    }
    if (sent.watermark <= watermark) continue; // a task passes on no watermark twice
    watermark = sent.watermark;
    lines.push(...records.sort(), `watermark ${watermark}`);
    records = [];
  }
  return [...lines, ...records.sort()];
}

function describe({ snapshots, waits, fullEvery }: Way): string {
  const words = {
    none: 'without snapshots',
    taken: 'with a snapshot before each step',
    restored: 'restored from a snapshot before each step',
  };
  const outbox = fullEvery === 0 ? 'never full' : `full after every ${fullEvery === 1 ? 'record' : 'second record'}`;
  return `${words[snapshots]}, with an outbox that is ${outbox}, ${waits ? 'waiting for promises before each step' : 'not waiting for promises'}`;
}
