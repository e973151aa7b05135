// Goal (SINK-2, STA-2): what a sink function keeps in list state is part of checkpoints, and is shared out when there are more or fewer subtasks. Method: a sink that numbers its
// records, in jobs that crash at random points and go on at other parallelisms, over seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { Types } from '@millrace/core/types/types';
import { rich } from '@millrace/streaming/api/rich-functions';
import { RichSinkFunction } from '@millrace/streaming/api/sink-functions';
import type { ListState } from '@millrace/streaming/contract/keyed-state';
import type { FunctionInitializationContext } from '@millrace/streaming/contract/rich-function';
import { ListStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TestEnvironment } from '../index.ts';

/** What became of the sinks of a job, all attempts together. */
interface Told {
  readonly restored: boolean[];
  readonly completed: number[];
  readonly finished: number[][];
}

/** Holds every record until the end of the input: what a checkpoint does not have is lost. */
class Holding extends RichSinkFunction<number> {
  readonly #told: Told;
  #held: number[] = [];
  #state: ListState<number> | undefined;
  constructor(told: Told) {
    super();
    this.#told = told;
  }
  initializeState(context: FunctionInitializationContext) {
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor('held', Types.LONG));
    this.#held = [...this.#state.get()];
    this.#told.restored.push(context.isRestored());
  }
  override async invoke(n: number) {
    if (n % 3 === 0) await Promise.resolve(); // so that barriers wait for a call
    this.#held.push(n);
  }
  snapshotState() {
    this.#state?.update(this.#held);
  }
  notifyCheckpointComplete(checkpointId: number) {
    this.#told.completed.push(checkpointId);
  }
  finish() {
    this.#told.finished.push(this.#held);
  }
}

test('a sink function finds its list state again, element by element, whatever the parallelism', async () => {
  let spread = 0;
  let completed = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const env = TestEnvironment.create({ parallelism: 1 + random.nextInt(3), seed });
    const told: Told = { restored: [], completed: [], finished: [] };
    const numbers = env.testSource<number>();
    numbers.stream.rebalance().addSink(rich(() => new Holding(told)));
    await env.start();
    const crashes = 1 + random.nextInt(3);
    let next = 0;
    for (let crash = 0; crash < crashes; crash++) {
      for (let count = random.nextInt(9); count >= 0; count--) numbers.emit(next++);
      if (random.nextInt(2) === 0) await env.settle();
      told.restored.length = 0;
      await env.crashAndRestore({ parallelism: 1 + random.nextInt(4) });
    }
    assert.ok(told.restored.every((restored) => restored) && told.restored.length > 0, `seed ${seed}: told that it is restored`);
    numbers.emit(next++);
    await env.finish();
    const all = told.finished.flat().sort((a, b) => a - b);
    assert.deepEqual(
      all,
      Array.from({ length: next }, (_, n) => n),
      `seed ${seed}`,
    );
    completed += told.completed.length;
    if (told.finished.filter((held) => held.length > 1).length > 1) spread += 1;
  }
  assert.ok(completed > 2, 'told of complete checkpoints');
  assert.ok(spread > 2, 'elements are shared out among subtasks');
});
