// Goal: what a tail sends back comes to the head once and in order, whatever waits in memory, overdraft or file. Method: random turns of adding and taking against a list.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@millrace/core/base/random';
import { createCodec } from '@millrace/core/types/codec';
import { SEGMENT_BYTES } from '../memory/segment.ts';
import { FeedbackQueue } from './feedback-queue.ts';
import { openFeedbackSpill } from './feedback-spill.ts';
import { Flow } from './flow.ts';
import { openSpillFile } from './node/spill-files.ts';

interface Taken {
  readonly n: number;
  readonly at: number;
}

function bench(recordsMax: number, memoryCapBytes = SEGMENT_BYTES) {
  const flow = new Flow();
  const queue = new FeedbackQueue(recordsMax);
  let files = 0;
  queue.openSpill = (headFlow) =>
    openFeedbackSpill(headFlow, {
      name: 'feedback of a test',
      codec: createCodec({ kind: 'shape' }),
      memoryCapBytes,
      spill: () => {
        files += 1;
        return openSpillFile('feedback of a test');
      },
    });
  queue.bind(flow);
  const taken: Taken[] = [];
  const handler = { processRecord: (record: unknown) => void taken.push({ n: (record as { n: number }).n, at: flow.timestamp }) };
  return { flow, queue, taken, handler, files: () => files };
}

test('random turns: every record once, in order, with its time; nothing waits at the end', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const { queue, taken, handler, flow } = bench(1 + random.nextInt(50));
    let added = 0;
    for (let turn = 0; turn < 60; turn++) {
      for (let left = random.nextInt(400); left > 0; left--) queue.add({ n: added, text: 'x'.repeat(random.nextInt(300)) }, added++ * 2);
      queue.drain(handler, 1 + random.nextInt(500));
      assert.equal(queue.size, added - taken.length, `seed ${seed}`);
    }
    while (queue.size > 0) queue.drain(handler, 100);
    assert.deepEqual(
      taken,
      Array.from({ length: added }, (_, n) => ({ n, at: n * 2 })),
      `seed ${seed}`,
    );
    assert.equal(flow.blocked, 0, 'a full spill blocks nobody');
    queue.close();
  }
});

test('beyond its memory it writes to a file, and after that by reference again', () => {
  const { queue, taken, handler, files } = bench(10);
  for (let n = 0; n < 2_000; n++) queue.add({ n, text: 'x'.repeat(200) }, n);
  assert.equal(files(), 1);
  while (queue.size > 0) queue.drain(handler, 1000);
  const record = { n: 2_000 };
  let seen: unknown;
  queue.add(record, 0);
  const keep = (each: unknown) => {
    seen = each;
  };
  queue.drain({ processRecord: keep }, 1);
  assert.equal(seen, record);
  assert.equal(taken.length, 2_000);
  queue.close();
});

test('a blocked head stops the drain, and what was closed takes nothing more', () => {
  const { queue, taken, flow } = bench(2);
  for (let n = 0; n < 8; n++) queue.add({ n }, n);
  const blocking = {
    processRecord: (record: unknown) => {
      taken.push({ n: (record as { n: number }).n, at: flow.timestamp });
      flow.blocked = 1;
    },
  };
  for (let n = 0; n < 4; n++) {
    queue.drain(blocking, 100);
    assert.deepEqual([taken.length, queue.size], [n + 1, 7 - n]);
    flow.blocked = 0;
  }
  queue.close();
  queue.add({ n: 9 }, 9);
  assert.deepEqual([queue.dropped, queue.added], [5, 8]);
});

test('a marker counts what was added since the one before', () => {
  const { queue } = bench(2);
  queue.add({ n: 1 }, 1);
  queue.markerReached(7);
  assert.deepEqual([queue.marker, queue.fedBack], [7, 1]);
  queue.markerReached(8);
  assert.deepEqual([queue.marker, queue.fedBack], [8, 0]);
});
