// Goal: one process at a time has a directory, whatever became of the one before. Method: owners that live, that are dead, and that only look alive are written by hand.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LOCK_FILE, lockDirectory } from './directory-lock.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
after(() => rm(directory, { recursive: true }));

async function left(owner: object | string): Promise<void> {
  await writeFile(join(directory, LOCK_FILE), typeof owner === 'string' ? owner : JSON.stringify(owner));
}

test('the lock names its owner, may be taken twice by it, and is gone when both are released', async () => {
  const first = await lockDirectory(directory, 'The directory');
  const second = await lockDirectory(directory, 'The directory');
  assert.equal((JSON.parse(await readFile(join(directory, LOCK_FILE), 'utf8')) as { pid: number }).pid, process.pid);
  await first.release();
  assert.deepEqual(await readdir(directory), [LOCK_FILE]);
  await second.release();
  assert.deepEqual(await readdir(directory), []);
});

test('a living process keeps it: the message names it, and nothing is left of the attempt', async () => {
  const parent = process.ppid;
  const stat = await readFile(`/proc/${parent}/stat`, 'utf8').catch(() => undefined);
  const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'alive';
  await left({ pid: parent, host: hostname(), started });
  await assert.rejects(lockDirectory(directory, 'The checkpoint directory'), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`^The checkpoint directory '${directory}' is in use by process ${parent}\\. Two jobs must not write`),
    );
    return true;
  });
  assert.deepEqual(await readdir(directory), [LOCK_FILE]);
  await left({ pid: parent, host: 'another-host', started });
  await assert.rejects(lockDirectory(directory, 'The directory'), /in use by process \d+ of another-host/);
});

test('what a dead owner left, or one whose process id was given out again, or damage, is taken over', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const owners = [{ pid: dead, host: hostname(), started: '12345' }, { pid: process.ppid, host: hostname(), started: '1' }, 'not json {'];
  for (const owner of owners) {
    await left(owner);
    await (await lockDirectory(directory, 'The directory')).release();
    assert.deepEqual(await readdir(directory), [], JSON.stringify(owner));
  }
});
