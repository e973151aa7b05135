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
  if (runsInChild(args)) (await import('../local/task-manager-fork.ts')).forkAhead();
  const { parseCommandLine } = await import('./command-line.ts');
  await parseCommandLine(args);
}

/** Looks at the words only: a child that turns out not to be needed costs little. */
function runsInChild(args: readonly string[]): boolean {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  return own[0] === 'run' && own.length > 1 && !['--single-thread', '--help', '-h'].some((option) => own.includes(option));
}
