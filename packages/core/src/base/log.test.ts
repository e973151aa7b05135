/** Goal: a log line has what it should, once, on one line, and no secret. Method: a logger whose lines are kept, under a clock that stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, isSensitive, type LogFormat, type LogLevel } from './log.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const PLACE = { job: 'clicks', jobId: 'j1', task: 'map (2/4)', operator: 'Map', subtask: 1, attempt: 3 };

function logging(format: LogFormat, level: LogLevel = 'debug', place = PLACE) {
  const lines: string[] = [];
  return { lines, logger: createLogger({ settings: { level, format }, place, now: () => NOW, write: (text) => lines.push(text) }) };
}

test('as text', () => {
  const { lines, logger } = logging('text');
  logger.warn('a record was left out', { key: 7, why: 'no user', part: 'x' });
  logger.info('done');
  assert.deepEqual(lines, [
    '2026-01-02T03:04:05.678Z WARN  [map (2/4)] Map: a record was left out key=7 why="no user" part=x\n',
    '2026-01-02T03:04:05.678Z INFO  [map (2/4)] Map: done\n',
  ]);
});

test('as JSON', () => {
  const { lines, logger } = logging('json');
  logger.error('broken', { at: Number.NaN, error: new Error('why'), big: 3n, none: undefined });
  const [line = ''] = lines;
  assert.ok(line.endsWith('}\n') && !line.slice(0, -1).includes('\n'));
  const { fields, ...rest } = JSON.parse(line) as { fields: Record<string, unknown> };
  assert.deepEqual(rest, { time: '2026-01-02T03:04:05.678Z', level: 'error', ...PLACE, message: 'broken' });
  assert.deepEqual(
    { ...fields, error: String(fields['error']).split('\n')[0] },
    { at: 'NaN', error: 'Error: why', big: '3', none: 'undefined' },
  );
});

test('what is below the level is not written, and a message of several lines is one', () => {
  for (const [level, count] of [
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
  ] as const) {
    const { lines, logger } = logging('text', level);
    logger.error('a\n  b');
    logger.warn('c');
    logger.info('d');
    logger.debug('e');
    assert.equal(lines.length, count);
    assert.ok(lines[0]?.endsWith('Map: a ⏎ b\n'));
    assert.deepEqual([logger.isEnabled('error'), logger.isEnabled('debug')], [true, level === 'debug']);
  }
});

test('secrets are hidden by their names, in fields and within them', () => {
  const names = ['password', 's3.secret-key', 'AccessToken', 'api-key', 'fs.azure.account.key.x', 'security.basic-auth'];
  assert.ok(names.every(isSensitive));
  assert.ok(!['key', 'user', 'path', 'partition'].some(isSensitive));
  for (const format of ['text', 'json'] as const) {
    const { lines, logger } = logging(format);
    logger.info('connecting', { password: 'hunter2', client: { user: 'me', options: { 'sasl.token': 'hunter2' } } });
    assert.ok(!lines.join('').includes('hunter2') && lines.join('').includes('******') && lines.join('').includes('me'));
  }
});

test('what cannot be written is no error', () => {
  const { lines, logger } = logging('json');
  const circle: { self?: unknown } = {};
  circle.self = circle;
  logger.info('odd', { circle, long: 'x'.repeat(20_000), fn: () => {}, nested: { big: 3n } });
  const { fields } = JSON.parse(lines[0] ?? '') as { fields: Record<string, string> };
  assert.deepEqual(
    [fields['circle'], fields['long']?.length, fields['nested']],
    ['an object that JSON cannot write', 10_001, 'an object that JSON cannot write'],
  );
});
