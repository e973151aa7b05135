import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const command = join(root, 'packages/cluster/bin/millrace.js');

/** Runs the command line as a user would; resolves when it has ended, whatever its exit code. */
export async function millrace(args, { cwd = root, env = {}, kill } = {}) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { ...process.env, ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    if (kill?.when(stdout)) child.kill(kill.signal);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  return { code, signal, stdout, stderr };
}

/** A folder that is gone when the test has ended. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The lines of all files below a folder, hidden ones too: nothing may be left pending. */
export function linesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => linesOf(readFileSync(join(entry.parentPath, entry.name), 'utf8')));
}

export function linesOf(text) {
  return text.split('\n').filter((line) => line !== '');
}

/** As `LC_ALL=C sort` does it, the subtask taken off printed lines. */
export function sorted(lines) {
  return lines
    .map((line) => line.replace(/^([a-z ]+):\d+> /, '$1> ').replace(/^\d+> /, ''))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
