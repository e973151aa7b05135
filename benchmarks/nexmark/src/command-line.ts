import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BASE_TIME, DEFAULT_RATE } from './generator.ts';
import { references } from './reference.ts';

export const GENERATOR = 'generator';
const RATE_MAX = 10_000_000;
const SLOTS = 2;
const PARALLELISM_MAX = 32_768;

export const usage = `npm run nexmark -- generate --events N --output FILE [--rate R]
npm run nexmark -- run QUERY (--events N | --input FILE) [--slots N] [--parallelism N] [--output FILE] [--rate R] [--json]
npm run nexmark -- reference QUERY (--events N | --input FILE) --output FILE [--rate R]

generate   writes the events as JSON lines
run        runs a query and says how fast it was; QUERY is ${Object.keys(references).join(', ')}, or '${GENERATOR}': the events alone
reference  computes the final rows of a query from all events in memory, without the engine

--events N       so many events: of the generator, or the first ones of the file
--input FILE     reads events that 'generate' wrote, by one reader in file order
--output FILE    writes the final rows, one JSON array a line; without it results are dropped
--rate R         events of the generator in a second of event time, which begins at ${new Date(BASE_TIME).toISOString()} (default: ${DEFAULT_RATE})
--slots N        slots, one thread each (default: ${SLOTS}, or as many as subtasks)
--parallelism N  subtasks of each step (default: as many as slots)
--json           print one line of JSON only

Exit codes: 0 done; 2 refused; else what the job ended with.`;

/** A mistake in the command, to be shown without a stack. */
export class CommandError extends Error {}

export interface Command {
  readonly action: 'generate' | 'run' | 'reference' | 'help';
  readonly query: string;
  readonly events: number | undefined;
  readonly rate: number;
  readonly slots: number;
  readonly parallelism: number;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly json: boolean;
}

export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  const [action, ...names] = positionals;
  const given = whole(values.parallelism, '--parallelism', PARALLELISM_MAX);
  const slots = whole(values.slots, '--slots', PARALLELISM_MAX) ?? Math.max(SLOTS, given ?? 1);
  const command: Command = {
    action: values.help ? 'help' : actionOf(action),
    query: names[0] ?? '',
    events: whole(values.events, '--events', Number.MAX_SAFE_INTEGER),
    rate: whole(values.rate, '--rate', RATE_MAX) ?? DEFAULT_RATE,
    slots,
    parallelism: given ?? slots,
    input: values.input === undefined ? undefined : inputFile(values.input),
    output: values.output === undefined ? undefined : outputFile(values.output),
    json: values.json,
  };
  if (command.action === 'help') return command;
  check(command, names);
  return command;
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean', default: false } as const;
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        events: text,
        rate: text,
        slots: text,
        parallelism: text,
        input: text,
        output: text,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

function actionOf(word: string | undefined): 'generate' | 'run' | 'reference' {
  if (word === 'generate' || word === 'run' || word === 'reference') return word;
  throw new CommandError(
    `${word === undefined ? 'No command was given' : `'${word}' is no command`}. It is one of generate, run, reference.`,
  );
}

function check({ action, query, events, input, output }: Command, names: readonly string[]): void {
  const expected = action === 'generate' ? 0 : 1;
  if (names.length > expected) throw new CommandError(`'${names[expected]}' is one word too many.`);
  if (action === 'generate') {
    if (input !== undefined) throw new CommandError('generate reads no --input: events come from the generator.');
    if (events === undefined) throw new CommandError('generate needs --events.');
  } else {
    checkQuery(query, action);
    if (events === undefined && input === undefined) throw new CommandError(`${action} needs --events, --input, or both.`);
  }
  if (action !== 'run' && output === undefined) throw new CommandError(`${action} needs --output.`);
  if (query === GENERATOR && (input !== undefined || output !== undefined))
    throw new CommandError(`run ${GENERATOR} takes no --input and no --output: it makes events and drops them.`);
  if (input !== undefined && input === output) throw new CommandError(`--input and --output are the same file, '${input}'.`);
}

function checkQuery(query: string, action: Command['action']): void {
  const known = [...Object.keys(references), ...(action === 'run' ? [GENERATOR] : [])];
  if (query === '') throw new CommandError(`${action} needs a query: one of ${known.join(', ')}.`);
  if (!known.includes(query)) throw new CommandError(`There is no query '${query}'. It is one of ${known.join(', ')}.`);
}

function whole(text: string | undefined, flag: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 1 && number <= max) return number;
  throw new CommandError(`${flag} got '${text}'. Give a whole number from 1 to ${max}.`);
}

function inputFile(path: string): string {
  const file = resolve(path);
  if (!existsSync(file)) throw new CommandError(`--input: there is no file '${path}'.`);
  if (!statSync(file).isFile()) throw new CommandError(`--input: '${path}' is not a file.`);
  return file;
}

function outputFile(path: string): string {
  const file = resolve(path);
  if (existsSync(file) && !statSync(file).isFile()) throw new CommandError(`--output: '${path}' is not a file.`);
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch {
    throw new CommandError(`--output: '${path}' cannot be written: its folder is missing, or closed to you.`);
  }
  return file;
}
