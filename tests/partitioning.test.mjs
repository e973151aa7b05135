// Goal: records go to the subtasks that each partitioning promises (GRA-8, API-16, API-20). Method: print behind each of them; the prefix says which subtask it was.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf, millrace, root } from './support/run-millrace.mjs';

const PARALLELISM = 3;
const RECORDS = 3_000;
const program = `
import { StreamExecutionEnvironment } from 'millrace';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const one = env.fromSequence(1, ${RECORDS}).setParallelism(1);
const two = env.fromSequence(1, ${RECORDS}).setParallelism(2);
const six = env.fromSequence(1, ${RECORDS}).setParallelism(6);

one.rebalance().print('rebalance');
two.rescale().map((n) => n).setParallelism(4).print('rescale').setParallelism(4);
six.rescale().print('narrow');
one.broadcast().print('broadcast');
one.global().print('global');
one.shuffle().print('shuffle');
one.partitionCustom((key: number, partitions) => (key * 2) % partitions, (n) => n).print('custom');
one.keyBy((n) => n % 50).sum().map((n) => n).print('sums');
one.keyBy((n) => n % 50).reduce((_, n) => n).print('key');
one.rebalance().map((n) => n).forward().map((n) => n).disableChaining().print('forward');

await env.execute();
`;

test('each partitioning sends records where it says', async () => {
  const folder = join(root, '.cache/partitioning');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'job.ts');
  writeFileSync(file, program);
  const { code, stdout, stderr } = await millrace(['run', file, '--parallelism', String(PARALLELISM)]);
  assert.equal(code, 0, stderr);
  const printed = new Map();
  for (const line of linesOf(stdout)) {
    const [, id, subtask, record] = /^([a-z]+):(\d+)> (\d+)$/.exec(line) ?? assert.fail(line);
    if (!printed.has(id)) printed.set(id, new Map());
    const subtasks = printed.get(id);
    subtasks.set(Number(subtask), [...(subtasks.get(Number(subtask)) ?? []), Number(record)]);
  }
  const counts = (id) => [...printed.get(id)].sort(([a], [b]) => a - b).map(([, records]) => records.length);
  const records = (id) => [...printed.get(id).values()].flat().sort((a, b) => a - b);
  const all = Array.from({ length: RECORDS }, (_, index) => index + 1);
  for (const id of ['rebalance', 'rescale', 'narrow', 'global', 'shuffle', 'custom', 'key', 'forward'])
    assert.deepEqual(records(id), all, id);

  assert.deepEqual(counts('rebalance'), [1_000, 1_000, 1_000]);
  assert.deepEqual(counts('forward'), [1_000, 1_000, 1_000], 'forward keeps what rebalance gave');
  for (const subtask of printed.get('broadcast').values())
    assert.deepEqual(
      subtask.toSorted((a, b) => a - b),
      all,
      'each subtask once',
    );
  assert.equal(printed.get('broadcast').size, PARALLELISM);
  assert.deepEqual([...printed.get('global').keys()], [1]);
  for (const count of counts('shuffle')) assert.ok(Math.abs(count - 1_000) < 200, `shuffle: ${counts('shuffle')}`); // 200 is more than seven standard deviations
  for (const [subtask, numbers] of printed.get('custom')) assert.ok(numbers.every((n) => (n * 2) % PARALLELISM === subtask - 1));

  // Producers 1 and 2 feed consumers 1, 2 and 3, 4: each half is even to within one record. One producer may read all there is before the other starts.
  const [a, b, c, d] = [1, 2, 3, 4].map((subtask) => printed.get('rescale').get(subtask)?.length ?? 0);
  assert.ok(Math.abs(a - b) <= 1 && Math.abs(c - d) <= 1, `rescale: ${counts('rescale')}`);

  const subtaskOf = new Map();
  for (const [subtask, numbers] of printed.get('key')) {
    for (const n of numbers) {
      assert.equal(subtaskOf.get(n % 50) ?? subtask, subtask, `key ${n % 50} is in two subtasks`);
      subtaskOf.set(n % 50, subtask);
    }
  }
  assert.equal(subtaskOf.size, 50);
  assert.equal(new Set(subtaskOf.values()).size, PARALLELISM);
});
