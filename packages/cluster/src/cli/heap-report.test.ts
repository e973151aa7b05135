// Goal: what operators keep is added up over subtasks and shown from the largest on. Method: readings made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobMetrics, MetricReading } from '../local/job-metrics.ts';
import { heapReportText } from './heap-report.ts';

const MIB = 1024 * 1024;

function jobOf(readings: readonly MetricReading[]): JobMetrics {
  return { jobId: 'j', jobName: 'job', status: 'FINISHED', backPressureCulprit: undefined, readings, omitted: 0 };
}

function kept(operator: string, what: string, sizes: readonly [entries: number, bytes: number]): MetricReading[] {
  return (['numEntries', 'estimatedBytes'] as const).map((name, index) => ({
    ...({ scope: 'taskmanager_job_task_operator', groups: ['size'], variables: [['size', what]], type: 'gauge', name } as const),
    labels: { operator_id: operator, operator_name: operator },
    value: sizes[index] ?? 0,
  }));
}

test('by operator and state, over subtasks', () => {
  const readings = [
    ...kept('total', "state 'sum'", [10, MIB]),
    ...kept('visits', 'timers', [3, 4 * MIB]),
    ...kept('total', "state 'sum'", [12, 2 * MIB]),
    ...kept('empty', 'timers', [0, 0]),
    ...kept('mine', 'x', [9, 9]).map((reading) => ({ ...reading, isUsers: true as const })),
  ];
  assert.equal(
    heapReportText(jobOf(readings)),
    "memory of the job 'job', as last seen\n" +
      '    about  entries  what         operator\n' +
      '  4.0 MiB        3  timers       visits\n' +
      "  3.0 MiB       22  state 'sum'  total",
  );
});

test('of a job that keeps nothing, and of one with very many states', () => {
  assert.equal(heapReportText(jobOf([])), "memory of the job 'job', as last seen: its operators keep nothing");
  const many = Array.from({ length: 25 }, (_, n) => kept('o', `state '${n}'`, [1, n])).flat();
  const lines = heapReportText(jobOf(many)).split('\n');
  assert.deepEqual([lines.length, lines.at(-1)], [23, '  and 5 more']);
});
