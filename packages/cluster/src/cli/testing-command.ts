/** For tests of the command as a process. */
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const command = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));

/** A folder in which programs find the workspace's packages, for one file of tests; removed behind the last of them. */
export function programFolder(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `millrace-${name}-test-`)));
  after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(fileURLToPath(new URL('../../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  return folder;
}
