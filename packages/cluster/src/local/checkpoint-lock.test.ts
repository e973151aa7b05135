// Goal: one process has the lock; one that is gone, or was killed while it wrote its name, keeps nobody out. Method: locks of processes that live and that do not.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFileSystem } from '@millrace/core/fs/node/node-file-system';
import { takeCheckpointLock } from './checkpoint-lock.ts';

describe('a lock of checkpoints', () => {
  const place = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  after(() => rmSync(place, { recursive: true }));
  const path = join(place, '.lock-a');
  const take = () => takeCheckpointLock(nodeFileSystem, path, 'The checkpoints of x');
  const file = `${path}.3`;
  const ownedBy = (owner: object) => writeFileSync(file, JSON.stringify({ nonce: 'n', startedAt: '', ...owner }));

  it('is for one at a time, and names who has it', async () => {
    const lock = await take();
    await assert.rejects(take(), {
      name: 'UsageError',
      reason: 'checkpoint-directory-in-use',
      message: new RegExp(
        `^The checkpoints of x are being written by the process ${process.pid} on ${hostname()}\\. Wait for its end, .* remove ${path}\\.1\\.$`,
      ),
    });
    await lock.release();
    assert.deepEqual(readdirSync(place), []);
    await (await take()).release();
  });

  it('is taken over from a process that is gone, and from one that was killed while it wrote', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    ownedBy({ pid, host: hostname() });
    await (await take()).release();
    writeFileSync(file, '{"pid":1');
    await (await take()).release();
    assert.deepEqual(readdirSync(place), []);
  });

  it('is taken over where another process has the id now', { skip: process.platform !== 'linux' }, async () => {
    ownedBy({ pid: process.pid, host: hostname(), startedAt: '1' });
    await (await take()).release();
  });

  it('of another machine counts, for nobody can tell', async () => {
    ownedBy({ pid: 1, host: 'elsewhere' });
    await assert.rejects(take(), { message: /the process 1 on elsewhere/ });
    rmSync(file);
  });

  it('goes to one of many who find an old one at the same moment (K1)', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    let got = 0;
    for (let round = 0; round < 50; round++) {
      ownedBy({ pid, host: hostname() });
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, take));
      const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      assert.ok(locks.length <= 1, `round ${round}`); // all may have stood in each other's way: none is a refusal, two would be a disaster
      if (locks.length === 0) continue;
      assert.equal(readdirSync(place).length, 1);
      got += 1;
      await locks[0]!.release();
      assert.deepEqual(readdirSync(place), []);
    }
    assert.ok(got > 25, `${got} of 50`);
  });
});
