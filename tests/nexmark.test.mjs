// Goal: the Nexmark queries give the same final rows at every parallelism, from the generator and from a file, and these are right. Method: all queries in one job, so
// that a run costs one start; compare with the plain computation in benchmarks/nexmark/src/reference.ts. The file's events are out of order, some of them too late.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedEvents } from '../benchmarks/nexmark/dist/event-file.js';
import { BASE_TIME } from '../benchmarks/nexmark/dist/generator.js';
import { references, referenceRows } from '../benchmarks/nexmark/dist/reference.js';
import { millrace, root, temporaryFolder } from './support/run-millrace.mjs';

const EVENTS = 20_000;
const RATE = 500; // 40 s of event time: several windows of ten seconds, sessions that end
const queries = Object.keys(references);
const program = join(root, 'benchmarks/nexmark/src/nexmark.ts');
const generated = [...generatedEvents(EVENTS, RATE)];

/**
 * Times are cut to the first or the last of 50 ms, so that many are equal and stand on both sides of a window's end; every seventh event comes later than it should, by up
 * to 7 s where the watermark is 4 s behind. The greatest price of the first ten seconds comes again in the first millisecond of the next.
 */
function disordered(events) {
  const cut = events.map((event, n) => ({ ...event, dateTime: event.dateTime - (event.dateTime % 50) + (n % 2) * 49 }));
  for (const at of [BASE_TIME + 5_000, BASE_TIME + 10_000]) {
    cut.find((event, n) => event.type === 'bid' && event.dateTime === at && n % 7 !== 0).price = 200_000_000;
  }
  const arrival = (event, n) => event.dateTime + (n % 7 === 0 ? ((n * 7_919) % 140) * 50 + 0.5 : 0);
  return cut
    .map((event, n) => ({ event, at: arrival(event, n) }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}

/** Rows as lines, sorted. Processing time is the machine's: what of q12 is sure is the sum of each bidder's counts. */
function comparable(query, lines) {
  const rows = lines.map((line) => JSON.parse(line));
  if (query !== 'q12') return lines.toSorted();
  const bids = new Map();
  for (const [bidder, count, start, end] of rows) {
    if (start !== undefined) assert.deepEqual([start % 10_000, end - start], [0, 10_000]);
    bids.set(bidder, (bids.get(bidder) ?? 0) + count);
  }
  return [...bids].map((entry) => JSON.stringify(entry)).sort();
}

async function results(t, parallelism, args) {
  const output = temporaryFolder(t);
  const options = ['--slots', parallelism, '--parallelism', parallelism];
  const { code, stderr } = await millrace(['run', program, ...options, '--', '--query', queries.join(','), '--output', output, ...args]);
  assert.equal(code, 0, stderr);
  return new Map(
    queries.map((query) => [
      query,
      comparable(
        query,
        readFileSync(join(output, `${query}.jsonl`), 'utf8')
          .split('\n')
          .slice(0, -1),
      ),
    ]),
  );
}

const expected = (query, events) =>
  comparable(
    query,
    referenceRows(query, events).map((row) => JSON.stringify(row)),
  );

function compare(found, events) {
  for (const query of queries) {
    const rows = expected(query, events);
    assert.ok(rows.length > 1, `${query} has ${rows.length} rows: the events show nothing`);
    assert.deepEqual(found.get(query), rows, query);
  }
}

for (const parallelism of ['1', '3']) {
  test(`all queries from the generator at parallelism ${parallelism}`, async (t) => {
    compare(await results(t, parallelism, ['--events', String(EVENTS), '--rate', String(RATE)]), generated);
  });

  test(`all queries from a file at parallelism ${parallelism}, with events that are late`, async (t) => {
    const events = disordered(generated);
    const input = join(temporaryFolder(t), 'events.jsonl');
    writeFileSync(input, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    compare(await results(t, parallelism, ['--input', input]), events);
  });
}

test('edges of windows and sessions, and of being late, by one millisecond', async (t) => {
  const [bid, auction] = [generated.find(({ type }) => type === 'bid'), generated.find(({ type }) => type === 'auction')];
  const bidOf = (id, at, price) => ({ ...bid, auction: id, bidder: id, price, dateTime: BASE_TIME + at });
  const events = [
    bidOf(1, 5_000, 100),
    bidOf(1, 9_500, 50),
    bidOf(3, 10_500, 1_000),
    bidOf(4, 10_000, 100), // the greatest of the ten seconds that end here, not of those that begin
    { ...auction, dateTime: BASE_TIME + 13_999 },
    bidOf(2, 9_000, 1), // late for the window that ends at 10 s, but not for the others
    bidOf(2, 9_001, 1), // likewise: two, as auction 1 has
    bidOf(1, 15_000, 7),
    bidOf(1, 25_000, 7), // touches the session before
    bidOf(1, 35_001, 7), // does not
  ];
  const input = join(temporaryFolder(t), 'events.jsonl');
  writeFileSync(input, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const found = await results(t, '1', ['--input', input]);
  for (const query of ['q5', 'q7', 'q11']) assert.deepEqual(found.get(query), expected(query, events), query);
  assert.ok(found.get('q7').some((row) => row.startsWith('[4,100,4,')));
});

const command = join(root, 'benchmarks/nexmark/dist/main.js');
const nexmark = (...args) =>
  spawnSync(process.execPath, [command, ...args], { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

test('the command writes events, runs a query over them and says how fast it was', (t) => {
  const folder = temporaryFolder(t);
  const [input, output, wanted] = ['events.jsonl', 'rows.jsonl', 'reference.jsonl'].map((name) => join(folder, name));
  assert.equal(nexmark('generate', '--events', '3000', '--output', input).status, 0);
  const { status, stdout, stderr } = nexmark('run', 'q17', '--events', '2500', '--input', input, '--output', output, '--json');
  assert.equal(status, 0, stderr);
  assert.equal(nexmark('reference', 'q17', '--events', '2500', '--input', input, '--output', wanted).status, 0);
  const sorted = (file) => readFileSync(file, 'utf8').split('\n').sort();
  assert.deepEqual(sorted(output), sorted(wanted));
  const { query, events, slots, parallelism, cpuSeconds, eventsPerSecondPerCore, node } = JSON.parse(stdout);
  assert.deepEqual(
    { query, events, slots, parallelism, node },
    { query: 'q17', events: 2_500, slots: 2, parallelism: 2, node: process.version },
  );
  assert.equal(eventsPerSecondPerCore > 0, cpuSeconds > 0);
});

test('mistakes in the command are refused in a line that says what is allowed, with exit code 2', (t) => {
  const bad = join(temporaryFolder(t), 'bad.jsonl');
  writeFileSync(bad, '{"type":"sale"}\n');
  const refused = [
    [['run', 'q99', '--events', '5'], /^nexmark: There is no query 'q99'\. It is one of q0, .*, generator\.$/m],
    [['run', 'q5', '--events', '1e3'], /^nexmark: --events got '1e3'\. Give a whole number from 1 to \d+\.$/m],
    [['run', 'q5', '--events', '5', '--slots', '0'], /^nexmark: --slots got '0'\. Give a whole number from 1 to 32768\.$/m],
    [['run', 'q5', '--input', 'no-such-file'], /^nexmark: --input: there is no file 'no-such-file'\.$/m],
    [['run', 'q5'], /^nexmark: run needs --events, --input, or both\.$/m],
    [['run', 'generator', '--input', 'package.json'], /^nexmark: run generator takes no --input and no --output/m],
    [['generate', '--events', '5'], /^nexmark: generate needs --output\.$/m],
    [['generate', '--events', '5', '--output', 'no-such-folder/file'], /^nexmark: --output: 'no-such-folder\/file' cannot be written/m],
    [
      ['reference', 'q0', '--input', bad, '--output', `${bad}.rows`],
      /event 1, is of type 'sale'\. An event is a bid, an auction or a person\.$/m,
    ],
    [['explode'], /^nexmark: 'explode' is no command\. It is one of generate, run, reference\.$/m],
  ];
  for (const [args, message] of refused) {
    const { status, stderr, stdout } = nexmark(...args);
    assert.match(stderr, message);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
  }
});
