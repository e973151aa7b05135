import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { CommandError } from './command-line.ts';
import { nexmarkGenerator } from './generator.ts';
import type { Event } from './model.ts';
import type { Row } from './query.ts';

const CHARACTERS_AT_ONCE = 1 << 18;

/** One value as JSON a line. */
export async function writeLines(path: string, values: Iterable<Event | Row>): Promise<void> {
  const file = await open(path, 'w');
  try {
    let text = '';
    for (const value of values) {
      text += `${JSON.stringify(value)}\n`;
      if (text.length < CHARACTERS_AT_ONCE) continue;
      await file.write(text);
      text = '';
    }
    await file.write(text);
  } finally {
    await file.close();
  }
}

export function* generatedEvents(events: number, rate: number): Iterable<Event> {
  const generate = nexmarkGenerator(rate);
  for (let n = 0; n < events; n += 1) yield generate(n);
}

export async function readEvents(path: string, limit = Number.POSITIVE_INFINITY): Promise<Event[]> {
  const events: Event[] = [];
  for await (const line of linesOf(path)) {
    if (events.length >= limit) break;
    events.push(eventOf(line, `'${path}', event ${events.length + 1}`));
  }
  return events;
}

/** Only what would make the computation say nonsense is refused here; the job checks every field. */
function eventOf(line: string, place: string): Event {
  let event: Partial<Event> | null;
  try {
    event = JSON.parse(line) as Partial<Event> | null;
  } catch (cause) {
    throw new CommandError(`${place}, is not JSON: ${(cause as Error).message}. Give a file that 'generate' wrote.`);
  }
  if (event?.type === 'bid' || event?.type === 'auction' || event?.type === 'person') return event as Event;
  throw new CommandError(
    `${place}, is of type '${String((event as { type?: unknown } | null)?.type)}'. An event is a bid, an auction or a person.`,
  );
}

export async function countEvents(path: string): Promise<number> {
  let events = 0;
  for await (const _ of linesOf(path)) events += 1;
  return events;
}

async function* linesOf(path: string): AsyncIterable<string> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') yield line;
  }
}
