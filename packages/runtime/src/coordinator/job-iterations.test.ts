// Goal: rounds begin when all have reported, an empty loop is found in two phases, and neither those that have left nor a new attempt stop it. Method: reports by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END_OF_TIME, FIRST_MARKER } from '@millrace/streaming/contract/timestamp';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';
import { JobIterations } from './job-iterations.ts';

function bench(parallelism: number) {
  const told: string[] = [];
  const jobGraph = { vertices: [{ id: 'v', parallelism, operators: [{ id: 'head' }] }] } as unknown as JobGraph;
  const iterations = new JobIterations(jobGraph, ({ subtask }, command) => {
    const what =
      command.type === 'iteration-ended'
        ? 'ended'
        : `${command.marker - (command.marker > END_OF_TIME ? END_OF_TIME : FIRST_MARKER)}${command.endOfTime ? ' end of time' : ''}`;
    told.push(`${subtask}: ${what}`);
  });
  const report = (subtask: number, marker: number | undefined, fedBack: number) => {
    iterations.handle('head', subtask, { type: 'iteration-report', marker, fedBack });
    return told.splice(0);
  };
  const leave = (subtask: number) => {
    iterations.handle('head', subtask, { type: 'iteration-left' });
    return told.splice(0);
  };
  return { iterations, report, leave };
}

test('rounds until one sends nothing back, the end of time, and rounds until one sends nothing back', () => {
  const { report } = bench(2);
  assert.deepEqual(report(0, undefined, 0), []);
  assert.deepEqual(report(1, undefined, 0), ['0: 0', '1: 0'], 'the first report says only that the input has ended');
  assert.deepEqual(report(1, FIRST_MARKER, 0), []);
  assert.deepEqual(report(0, FIRST_MARKER, 3), ['0: 1', '1: 1']);
  report(0, FIRST_MARKER + 1, 0);
  assert.deepEqual(report(1, FIRST_MARKER + 1, 0), ['0: 1 end of time', '1: 1 end of time']);
  report(0, END_OF_TIME + 1, 1);
  assert.deepEqual(report(1, END_OF_TIME + 1, 0), ['0: 2', '1: 2'], 'what the end of time has made');
  report(0, END_OF_TIME + 2, 0);
  assert.deepEqual(report(1, END_OF_TIME + 2, 0), ['0: ended', '1: ended']);
});

test('one that has left is not waited for, and not told', () => {
  const { report, leave } = bench(2);
  report(0, undefined, 0);
  report(1, undefined, 0);
  report(0, FIRST_MARKER, 0);
  assert.deepEqual(leave(1), ['0: 1 end of time']);
  assert.deepEqual(report(0, END_OF_TIME + 1, 0), ['0: ended']);
  assert.deepEqual(leave(0), []);
});

test('a restart begins anew, whichever round it came in; what an old attempt still says counts for nothing', () => {
  for (const rounds of [0, 1]) {
    for (const vertex of ['v', undefined]) {
      const { report, iterations } = bench(2);
      report(0, undefined, 0);
      if (rounds > 0) report(1, undefined, 0);
      iterations.reset('another');
      iterations.reset(vertex);
      assert.deepEqual(report(1, undefined, 0), []);
      assert.deepEqual(report(0, FIRST_MARKER, 0), []);
      assert.deepEqual(report(0, undefined, 0), ['0: 0', '1: 0']);
    }
  }
});

test('other events are not for it', () => {
  const { iterations } = bench(1);
  assert.equal(iterations.handle('source', 0, { type: 'request-split' }), false);
});
