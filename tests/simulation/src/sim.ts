/** The command. A bug is planted before the engine is loaded, so nothing of it may be imported here. */
import { register } from 'node:module';
import { PLANTED_BUGS } from './planted-bugs.ts';

const args = process.argv.slice(2);

/** The word after `--bug`, or behind its sign of equality. */
function bugName(): string | undefined {
  const at = args.findIndex((word) => word === '--bug' || word.startsWith('--bug='));
  const word = args[at];
  return word?.startsWith('--bug=') === true ? word.slice('--bug='.length) : at < 0 ? undefined : (args[at + 1] ?? '');
}

function plant(name: string): boolean {
  const data = PLANTED_BUGS.find((each) => each.name === name);
  if (data === undefined) {
    console.error(`sim: there is no bug '${name}'. Names are: ${PLANTED_BUGS.map((each) => each.name).join(', ')}.`);
    process.exitCode = 2;
    return false;
  }
  register(import.meta.resolve('@millrace/testing/oracle/planting-hooks'), import.meta.url, { data });
  return true;
}

const name = bugName();
if (args.includes('--list-bugs')) for (const each of PLANTED_BUGS) console.log(each.name);
else if (name === undefined || plant(name)) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(args);
}
