import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { SpillFile } from './spill-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-spill-'));
after(() => rmSync(directory, { recursive: true }));

test('pieces come back in order, whatever the order of calls, and no file stays', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seededRandom(seed);
    const file = new SpillFile(join(directory, 'made', 'for it'), 'e1:0:3 / x', 100);
    let [written, read] = [0, 0];
    const target = new Uint8Array(100);
    for (let step = 0; step < 300; step += 1) {
      if (random.nextInt(2) === 0) file.append(new Uint8Array(100).fill(written++));
      else if (file.pieces > 0) {
        file.take(target);
        assert.deepEqual([...new Set(target)], [read & 0xff], `seed ${seed}`);
        read += 1;
      }
      assert.equal(file.pieces, written - read);
    }
    file.close();
    assert.deepEqual(readdirSync(join(directory, 'made', 'for it')), []);
  }
});

test('misuse is an error of ours', () => {
  const file = new SpillFile(directory, 'x', 10);
  assert.throws(() => file.append(new Uint8Array(9)), /holds pieces of 10 bytes; this one has 9/);
  assert.throws(() => file.take(new Uint8Array(10)), /is empty/);
  file.close();
});

test('a directory that cannot be one is named', () => {
  const path = join(directory, 'plain');
  writeFileSync(path, '');
  assert.throws(() => new SpillFile(path, 'x', 10), /Cannot create the spill file '.*plain.x-\d+-\d+\.spill': .* \(EEXIST\)\./);
});
