// Goal: what a checkpoint builds upon is complete, is in every checkpoint that may be complete before it, and is worth it. Method: the layers of a state alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyedStateHandle } from '../../checkpoint/state-handles.ts';
import { keptLayers, type Layer, StateLayers } from './state-layers.ts';

function handle(id: number, size: number, layer: number, isInline = false): KeyedStateHandle {
  const blocks = [{ keyGroup: 0, offset: 8, size, count: 1, checksum: 0 }];
  const stream = isInline ? { kind: 'inline', bytes: new Uint8Array() } : { kind: 'file', path: `shared/chk-${id}-x`, size };
  return { blocks, stream, ...(layer === 0 ? {} : { delta: { layer, unit: 'key', removed: [] } }) } as unknown as KeyedStateHandle;
}

/** Begins a checkpoint and writes its layer; the ids of those that it refers to. */
function take(layers: StateLayers, id: number, size = 10, isInline = false): readonly number[] {
  const kept = layers.begin(id, 0);
  layers.written(id, handle(id, kept.length === 0 ? 1_000 : size, kept.length, isInline));
  return kept.map(({ checkpointId }) => checkpointId);
}

test('a layer is built upon when its checkpoint is complete, and not when it was given up', () => {
  const layers = new StateLayers();
  assert.deepEqual(take(layers, 1), []);
  layers.complete(1);
  assert.deepEqual(take(layers, 2), [1]);
  layers.aborted(2);
  assert.deepEqual(take(layers, 3), [1]);
  layers.complete(3);
  assert.deepEqual(take(layers, 4), [1, 3]);
});

test('while a new base is under way, or one that keeps less, nothing is built upon what it leaves behind', () => {
  const layers = new StateLayers();
  take(layers, 1);
  layers.complete(1);
  take(layers, 2, 600);
  layers.complete(2);
  assert.deepEqual(take(layers, 3), [], 'what has changed is more than half of the base');
  assert.deepEqual(take(layers, 4), [], 'if 3 is complete, the files of 1 and 2 are gone');
  layers.aborted(3);
  layers.complete(4);
  assert.deepEqual(take(layers, 5), [4]);
});

test('what is no file of its own is told again by the next', () => {
  const layers = new StateLayers();
  take(layers, 1);
  layers.complete(1);
  assert.deepEqual(take(layers, 2, 10, true), [1]);
  layers.complete(2);
  assert.deepEqual(take(layers, 3), [1]);
  assert.equal(layers.keepSince, 1);
});

test('CK-17: with one percent changed each time, a hundred checkpoints write less than a tenth of as many whole ones, in a bounded number of layers', () => {
  const whole = 1_000_000;
  const layers = new StateLayers();
  let written = 0;
  let most = 0;
  for (let id = 1; id <= 100; id++) {
    const kept = layers.begin(id, 0);
    // What has changed since a layer is what has changed in all the checkpoints behind it.
    const size = kept.length === 0 ? whole : (id - (kept.at(-1) as Layer).checkpointId) * (whole / 100);
    layers.written(id, handle(id, size, kept.length));
    layers.complete(id);
    written += size;
    most = Math.max(most, kept.length);
  }
  assert.ok(written < 0.1 * 100 * whole, `${written} bytes`);
  assert.ok(most <= 13, `${most} layers`);
});

test('nothing is kept since when the changes are not known', () => {
  const base: Layer = { checkpointId: 4, handles: [handle(4, 100, 0)], baseBytes: 100, deltaBytes: 0 };
  assert.deepEqual(keptLayers([base], 5), []);
  assert.deepEqual(keptLayers([base], 4), [base]);
});
