// Goal (SRC-4, SRC-11, SRC-12): source functions go on from their state in jobs, at another parallelism, too; what they took is acknowledged when a checkpoint has it; checkpoints go on
// when a source has ended. Method: jobs that crash at random points, over seeds; a sink that commits has every record once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { Types } from '@millrace/core/types/types';
import { MessageAcknowledgingSourceBase } from '@millrace/streaming/api/message-acknowledging-source';
import { rich } from '@millrace/streaming/api/rich-functions';
import type { RuntimeContext } from '@millrace/streaming/api/runtime-context';
import { RichParallelSourceFunction } from '@millrace/streaming/api/source-functions';
import { MemoryFiles } from '@millrace/streaming/builtin/file/memory-files';
import type { ListState } from '@millrace/streaming/contract/keyed-state';
import type { FunctionInitializationContext } from '@millrace/streaming/contract/rich-function';
import type { SourceContext } from '@millrace/streaming/contract/source-function';
import { ListStateDescriptor } from '@millrace/streaming/contract/state-descriptor';
import { TestEnvironment } from '../index.ts';

/** How far sources may go; those at the limit wait for it. */
class Limit {
  value = 0;
  isLast = false;
  #waiting: (() => void)[] = [];
  set(value: number, isLast = false): void {
    this.value = value;
    this.isLast = isLast;
    for (const go of this.#waiting.splice(0)) go();
  }
  raised(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve());
    });
  }
}

const PARTITIONS = 6;
type Position = { readonly partition: number; readonly next: number };

/** Reads partitions, each a count from 0; whoever has the state of a partition reads it. */
class Partitions extends RichParallelSourceFunction<string> {
  readonly #limit: Limit;
  #positions: Position[] = [];
  #state: ListState<Position> | undefined;
  #isRestored = false;
  constructor(limit: Limit) {
    super();
    this.#limit = limit;
  }
  initializeState(context: FunctionInitializationContext) {
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor<Position>('positions'));
    this.#positions = [...this.#state.get()];
    this.#isRestored = context.isRestored();
  }
  override open(context: RuntimeContext) {
    if (this.#isRestored) return;
    for (let partition = context.getIndexOfThisSubtask(); partition < PARTITIONS; partition += context.getNumberOfParallelSubtasks())
      this.#positions.push({ partition, next: 0 });
  }
  override async run(context: SourceContext<string>) {
    for (;;) {
      for (const [index, { partition, next }] of this.#positions.entries()) {
        for (let n = next; n < this.#limit.value && !context.signal.aborted; n++) {
          await context.collect(`${partition}:${n}`);
          this.#positions[index] = { partition, next: n + 1 };
        }
      }
      if (this.#limit.isLast || context.signal.aborted) return;
      await this.#limit.raised(context.signal);
    }
  }
  override cancel() {}
  snapshotState() {
    this.#state?.update(this.#positions);
  }
}

test('SRC-11: a parallel source function goes on from its state, at another parallelism, too', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const limit = new Limit();
    const env = TestEnvironment.create({ parallelism: 1 + random.nextInt(3), seed });
    const read = env.collect(env.addSource<string>(rich(() => new Partitions(limit))).map((text) => text));
    await env.start();
    for (let crash = 0; crash < 3; crash++) {
      limit.set(limit.value + 1 + random.nextInt(40));
      if (random.nextInt(2) === 0) await env.settle();
      await env.crashAndRestore({ parallelism: 1 + random.nextInt(4) });
    }
    limit.set(limit.value + 5, true);
    await env.finish();
    const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
      Array.from({ length: limit.value }, (_, n) => `${partition}:${n}`),
    );
    assert.deepEqual(read.take().sort(), expected.flat().sort(), `seed ${seed}`);
  }
});

/** Gives everything that is not acknowledged again to whoever connects. */
class Broker {
  readonly kept: string[] = [];
  /** All that was ever asked to be forgotten. */
  readonly acknowledged = new Set<string>();
  readonly limit: Limit;
  constructor(limit: Limit) {
    this.limit = limit;
  }
  acknowledge(ids: readonly string[]): void {
    for (const id of ids) this.acknowledged.add(id);
  }
}

class Messages extends MessageAcknowledgingSourceBase<string, string> {
  readonly #broker: Broker;
  constructor(broker: Broker) {
    super(Types.STRING);
    this.#broker = broker;
  }
  override async run(context: SourceContext<string>) {
    const { limit, acknowledged } = this.#broker;
    for (let n = 0; ; n++) {
      while (n >= limit.value) {
        if (limit.isLast || context.signal.aborted) return;
        await limit.raised(context.signal);
      }
      const id = `m${n}`;
      if (!acknowledged.has(id) && this.addId(id)) await context.collect(id);
    }
  }
  override cancel() {}
  protected override acknowledgeIds(_checkpointId: number, ids: readonly string[]) {
    this.#broker.acknowledge(ids);
  }
}

test('SRC-12: a message is acknowledged once a checkpoint has it, and counts once however often it comes', async () => {
  let redelivered = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const limit = new Limit();
    const broker = new Broker(limit);
    const env = TestEnvironment.create({ parallelism: 2, seed });
    const read = env.collect(env.addSource<string>(rich(() => new Messages(broker))).map((id) => id));
    await env.start();
    for (let crash = 0; crash < 4; crash++) {
      const given = limit.value;
      redelivered += given - broker.acknowledged.size;
      limit.set(given + random.nextInt(30));
      if (random.nextInt(2) === 0) await env.settle();
      await env.crashAndRestore();
    }
    limit.set(limit.value + 3, true);
    await env.finish();
    const expected = Array.from({ length: limit.value }, (_, n) => `m${n}`);
    assert.deepEqual(read.take().sort(), expected.sort(), `seed ${seed}`);
    assert.ok(broker.acknowledged.size < limit.value, 'what came behind the last checkpoint is not acknowledged');
  }
  assert.ok(redelivered > 0, 'messages came again');
});

test('SRC-4: checkpoints go on when files have been read once, and no file is read again', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const files = new MemoryFiles(`once ${seed}`);
    for (const name of ['a', 'b', 'c']) files.write(name, `${name}1\n${name}2\n`);
    const lines = {
      splittable: true,
      async *read(content: AsyncIterable<Uint8Array>) {
        for await (const chunk of content) yield* new TextDecoder().decode(chunk).split('\n').slice(0, -1);
      },
    };
    const env = TestEnvironment.create({ parallelism: 2, seed });
    const words = env.testSource<string>();
    const stream = env.readFile<string>(lines, files.root, { watchType: 'PROCESS_ONCE', type: Types.STRING });
    const read = env.collect(words.stream.union(stream).map((text) => text));
    await env.start();
    await env.settle();
    assert.deepEqual(read.take().sort(), ['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
    files.write('d', 'too late\n');
    for (const word of ['x', 'y', 'z']) {
      words.emit(word);
      await env.crashAndRestore({ parallelism: 1 + (seed % 3) });
    }
    await env.finish();
    assert.deepEqual(read.take().sort(), ['x', 'y', 'z'], `seed ${seed}`);
  }
});
