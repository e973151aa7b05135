// Goal: whatever the parallelism was and becomes, nothing of a checkpoint is lost or given twice. Method: every pair of small parallelisms, with blocks and elements that
// name themselves, compared with what the rules A1 to A4 say.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyGroupRangeOf } from '@millrace/core/types/key-group';
import { assignStates } from './assign-states.ts';
import type { CheckpointMetadata, SubtaskMetadata } from './checkpoint-metadata.ts';
import type { KeyedStateHandle, OperatorStateHandle, OperatorSubtaskState, StreamHandle } from './state-handles.ts';

const MAX = 8;
const stream = (name: string): StreamHandle => ({ kind: 'file', path: name, size: 100 });

function keyed(subtask: number, parallelism: number): KeyedStateHandle {
  const { first, last } = keyGroupRangeOf(subtask, MAX, parallelism);
  const blocks = Array.from({ length: last - first + 1 }, (_, i) => ({ keyGroup: first + i, offset: i, size: 1, count: 1, checksum: 0 }));
  const schema = {
    name: 'counts',
    kind: 'value',
    keyType: { kind: 'string' },
    namespaceType: undefined,
    valueType: { kind: 'long' },
  } as const;
  return { schema, stream: stream(`keyed-${subtask}`), maxParallelism: MAX, blocks };
}

function list(mode: 'split' | 'union' | 'broadcast', subtask: number, count: number): OperatorStateHandle {
  const schema = { name: mode, kind: 'list', mode, elementType: { kind: 'long' } } as const;
  return { schema, stream: stream(`${mode}-${subtask}`), block: { offset: 0, size: 1, count, checksum: 0 }, from: 0, to: count };
}

interface Shape {
  readonly parallelism: number;
  readonly counts?: readonly number[];
  readonly finished?: readonly boolean[];
}

function checkpoint({ parallelism, counts = [], finished = [] }: Shape): CheckpointMetadata {
  const subtasks = Array.from({ length: parallelism }, (_, subtask): SubtaskMetadata => {
    const count = counts[subtask] ?? 2;
    const operator = (['split', 'union', 'broadcast'] as const).map((mode) => list(mode, subtask, count));
    return { isFinished: finished[subtask] ?? false, operators: { op: { keyed: [keyed(subtask, parallelism)], operator } } };
  });
  const vertex = { id: 'v', name: 'v', parallelism, maxParallelism: MAX, operators: [{ id: 'op', uid: 'op', name: 'op' }], subtasks };
  return {
    checkpointId: 1,
    kind: 'checkpoint',
    triggerTimestamp: 0,
    completionTimestamp: 0,
    jobId: 'job',
    jobName: 'job',
    graphDigest: '',
    writtenBy: '0',
    vertices: [vertex],
    coordinators: {},
  };
}

function assigned(shape: Shape, parallelism: number): readonly OperatorSubtaskState[] {
  const vertex = { id: 'w', name: 'w', parallelism, maxParallelism: MAX, operators: [{ id: 'op', uid: 'op', name: 'op' }] };
  const states = assignStates(checkpoint(shape), [vertex]).get('w') ?? [];
  return states.map(({ operators }) => operators['op'] ?? { keyed: [], operator: [] });
}

/** `split-0:1` is element 1 of what old subtask 0 wrote. */
function elements(state: OperatorSubtaskState, mode: string): readonly string[] {
  return state.operator
    .filter(({ schema }) => schema.mode === mode)
    .flatMap((handle) =>
      Array.from({ length: handle.to - handle.from }, (_, i) => `${(handle.stream as { path: string }).path}:${handle.from + i}`),
    );
}

describe('assignStates', () => {
  for (let before = 1; before <= 5; before++) {
    for (let now = 1; now <= 5; now++) {
      test(`ST-3, ST-4: from ${before} to ${now} subtasks`, () => {
        const states = assigned({ parallelism: before, counts: [3, 0, 5, 1, 2] }, now);
        for (const [subtask, state] of states.entries()) {
          const { first, last } = keyGroupRangeOf(subtask, MAX, now);
          const groups = state.keyed.flatMap(({ blocks }) => blocks.map(({ keyGroup }) => keyGroup)).sort((a, b) => a - b);
          assert.deepEqual(
            groups,
            Array.from({ length: last - first + 1 }, (_, i) => first + i),
            `A1: subtask ${subtask}`,
          );
        }
        const all = assigned({ parallelism: before, counts: [3, 0, 5, 1, 2] }, 1).flatMap((state) => elements(state, 'split'));
        assert.deepEqual(
          states.flatMap((state) => elements(state, 'split')),
          all,
          'A2: all, once, in order',
        );
        const sizes = states.map((state) => elements(state, 'split').length);
        if (before !== now) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `A2: even, ${sizes.join(', ')}`);
        for (const state of states) {
          assert.equal(elements(state, 'union').length, all.length, 'A3: all to everyone');
          assert.equal(new Set(elements(state, 'broadcast').map((name) => name.split(':')[0])).size <= 1, true, 'A3: one copy');
        }
      });
    }
  }

  test('ST-4: ten elements of two subtasks are 4, 3 and 3 of three; ST-5: a union list is all ten for each', () => {
    const states = assigned({ parallelism: 2, counts: [6, 4] }, 3);
    assert.deepEqual(
      states.map((state) => elements(state, 'split').length),
      [4, 3, 3],
    );
    assert.deepEqual(
      states.map((state) => elements(state, 'union').length),
      [10, 10, 10],
    );
  });

  test('an element that was assigned from a slice of a block is found again at the next rescale', () => {
    const [first] = assigned({ parallelism: 1, counts: [5] }, 2);
    assert.deepEqual(elements(first as OperatorSubtaskState, 'split'), ['split-0:0', 'split-0:1', 'split-0:2']);
  });

  test('B-071: only a vertex that had finished as a whole is restored as finished', () => {
    const vertex = { id: 'w', name: 'w', parallelism: 2, maxParallelism: MAX, operators: [{ id: 'op', uid: 'op', name: 'op' }] };
    const finishedOf = (finished: readonly boolean[]) =>
      assignStates(checkpoint({ parallelism: 2, finished }), [vertex])
        .get('w')
        ?.map(({ isFinished }) => isFinished);
    assert.deepEqual(
      [finishedOf([true, true]), finishedOf([true, false])],
      [
        [true, true],
        [false, false],
      ],
    );
    const more = { ...vertex, operators: [...vertex.operators, { id: 'new', uid: undefined, name: 'new' }] };
    assert.deepEqual(assignStates(checkpoint({ parallelism: 2, finished: [true, true] }), [more]).get('w')?.[0]?.isFinished, false);
  });
});
