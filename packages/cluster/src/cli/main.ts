/** The command `millrace`. What most calls need least is loaded last: `--version` reads one file, help loads no cluster. */
import { readFileSync } from 'node:fs';

import { phase } from '../local/phase.ts';
export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** `args` are those behind the command's name. Sets the exit code, or ends the process where something must not go on. */
export async function main(args: readonly string[]): Promise<void> {
  phase('main');
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${version()}\n`);
    return;
  }
  const { parseCommandLine } = await import('./command-line.ts');
  await parseCommandLine(args);
}
