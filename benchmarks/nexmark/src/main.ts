/** `npm run nexmark`: writes events, runs queries, computes what they must give. */
import { CommandError, type Command, readCommand, usage } from './command-line.ts';
import { generatedEvents, readEvents, writeLines } from './event-file.ts';
import { referenceRows } from './reference.ts';
import { runQuery } from './run-query.ts';

const REFUSED = 2;

async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if (command.action === 'help') console.log(usage);
  else if (command.action === 'generate')
    await writeLines(command.output as string, generatedEvents(command.events as number, command.rate));
  else if (command.action === 'reference')
    await writeLines(command.output as string, referenceRows(command.query, await eventsOf(command)));
  else return runQuery(command);
  return 0;
}

async function eventsOf({ input, events, rate }: Command) {
  return input === undefined ? [...generatedEvents(events as number, rate)] : readEvents(input, events);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`nexmark: ${error.message}\n\n${usage}`);
  process.exitCode = REFUSED;
}
