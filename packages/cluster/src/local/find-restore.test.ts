// Goal: `latest` is a checkpoint that can be used, or nothing where there is none; never a fresh start in place of what was lost. Method: directories as a job leaves them, and damaged.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findRestore } from './find-restore.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-restore-'));
after(() => rm(directory, { recursive: true }));

const latest = { kind: 'latest', directory, allowNonRestoredState: false } as const;

test('a directory without any complete checkpoint gives none, with a warning', async () => {
  const warnings: string[] = [];
  await mkdir(join(directory, 'job/chk-1'), { recursive: true }); // begun only
  const found = await findRestore(latest, 'job', (message) => void warnings.push(message));
  assert.equal(found.restore, undefined);
  assert.match(warnings.join('\n'), /it begins without state/);
});

test('a directory in which none can be used is refused, with their names: a fresh start would write everything once more', async () => {
  await writeFile(join(directory, 'job/chk-1/_metadata'), 'not one');
  await assert.rejects(
    findRestore(latest, 'job', () => {}),
    ({ reason, message }: Error & { reason: string }) => reason === 'checkpoint-damaged' && /chk-1.*begins without state/s.test(message),
  );
});
