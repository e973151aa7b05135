// Goal: what a task reports of its functions is bounded, and a meter has the rate of its last minute. Method: groups filled by hand, a clock that is a number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricPath } from '../protocol/user-metrics.ts';
import { TaskMetricGroups, USER_METRICS_MAX } from './task-metric-groups.ts';

const MAP = { id: 'o1', name: 'map' };

test('a task without metrics reports nothing; one operator has one group', () => {
  const groups = new TaskMetricGroups();
  groups.of(MAP);
  assert.equal(groups.values(0), undefined);
  groups.of(MAP).counter('n').inc(2);
  groups.of(MAP).counter('n').inc(3);
  assert.deepEqual(groups.values(0), {
    metrics: [{ operatorId: 'o1', operatorName: 'map', groups: [], variables: [], name: 'n', value: { kind: 'counter', count: 5 } }],
    omitted: 0,
  });
});

test('the first thousand are reported, the others counted; long texts are cut', () => {
  const groups = new TaskMetricGroups();
  groups.of(MAP).gauge('text', () => 'x'.repeat(5_000));
  for (let key = 0; key < USER_METRICS_MAX + 6; key++) groups.of(MAP).addGroup('key', String(key)).counter('n');
  const { metrics = [], omitted } = groups.values(0) ?? {};
  assert.deepEqual([metrics.length, omitted], [USER_METRICS_MAX, 7]);
  const [text, first] = metrics;
  assert.ok(text?.value.kind === 'gauge' && String(text.value.value).length === 1_000);
  assert.equal(first === undefined ? '' : metricPath(first), 'key.0.n');
});

test('gauges that throw or give what is no value are left out', () => {
  const groups = new TaskMetricGroups();
  const group = groups.of(MAP);
  let broken = true;
  group.gauge('sometimes', () => {
    if (broken) throw new Error('not yet');
    return 1;
  });
  group.gauge('object', () => ({}) as unknown as number);
  assert.equal(groups.values(0), undefined);
  broken = false;
  assert.deepEqual(
    groups.values(0)?.metrics.map(({ name }) => name),
    ['sometimes'],
  );
});

test('a meter has its rate over the last minute', () => {
  const groups = new TaskMetricGroups();
  const meter = groups.of(MAP).meter('events');
  const rateAt = (nowMs: number) => groups.values(nowMs)?.metrics[0]?.ratePerSecond;
  assert.equal(rateAt(0), 0);
  for (let second = 1; second <= 30; second++) {
    meter.markEvent(10);
    assert.equal(rateAt(second * 1_000), 10);
  }
  for (let second = 31; second <= 100; second++) rateAt(second * 1_000);
  assert.equal(rateAt(101_000), 0);
});

test('a name that is no name is refused where it is given', () => {
  const group = new TaskMetricGroups().of(MAP);
  assert.throws(() => group.counter(''), /counter of a metric group got an empty text as a name/);
  assert.throws(() => group.addGroup('x'.repeat(256)), /addGroup of a metric group got a text of 256 characters/);
  assert.throws(() => group.addGroup('user', undefined as unknown as string).addGroup(7 as unknown as string), /got 7 as a name/);
});
