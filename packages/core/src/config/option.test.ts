import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../base/errors.ts';
import { Configuration } from './configuration.ts';
import { option } from './option.ts';
import { OptionRegistry } from './option-registry.ts';

const SLOTS = option({ key: 'taskmanager.numberOfTaskSlots', type: 'int', default: 1, min: 1, max: 1024, text: 'Slots.' });
const INTERVAL = option({ key: 'pipeline.auto-watermark-interval', type: 'duration', default: '200 ms', min: 0, text: 'Interval.' });
const MEMORY = option({ key: 'taskmanager.memory.network.size', type: 'memory', default: '64 mb', min: 32_768, text: 'Memory.' });
const CHAINING = option({
  key: 'pipeline.operator-chaining.enabled',
  type: 'boolean',
  default: true,
  text: 'Chaining.',
  deprecatedKeys: ['pipeline.operator-chaining'],
});
const LEVEL = option({ key: 'log.level', type: ['error', 'warn', 'info'], default: 'warn', text: 'Level.' });
const EXTERNAL = option({ key: 'pipeline.external-packages', type: 'list', text: 'Packages.' });
const RATIO = option({ key: 'some.ratio', type: 'double', default: 0.5, max: 1, text: 'Ratio.' });
const ALL = [SLOTS, INTERVAL, MEMORY, CHAINING, LEVEL, EXTERNAL, RATIO];
const REGISTRY = new OptionRegistry([{ room: 'tests', options: ALL }]);

function parse(entries: Record<string, string>, strict = true, origin = '-D'): Configuration {
  return Configuration.parse(REGISTRY, [{ origin, entries, strict }]);
}

test('values of every type are read as users write them', () => {
  const configuration = parse({
    'taskmanager.numberOfTaskSlots': ' 4 ',
    'pipeline.auto-watermark-interval': '1.5 s',
    'taskmanager.memory.network.size': '128mb',
    'pipeline.operator-chaining.enabled': 'False',
    'log.level': 'INFO',
    'pipeline.external-packages': 'sharp; better-sqlite3,@scope/x;',
    'some.ratio': '.25',
  });
  const values = [
    configuration.get(SLOTS),
    configuration.get(INTERVAL).toMillis(),
    configuration.get(MEMORY).getBytes(),
    configuration.get(CHAINING),
    configuration.get(LEVEL),
    configuration.get(EXTERNAL),
    configuration.get(RATIO),
  ];
  assert.deepEqual(values, [4, 1500, 134_217_728, false, 'info', ['sharp', 'better-sqlite3', '@scope/x'], 0.25]);
});

test('what nobody set has its default, and is known not to be set', () => {
  const configuration = parse({});
  assert.deepEqual([configuration.get(SLOTS), configuration.get(INTERVAL).toMillis(), configuration.get(EXTERNAL)], [1, 200, undefined]);
  assert.equal(configuration.isSet(SLOTS), false);
  assert.equal(parse({ 'taskmanager.numberOfTaskSlots': '1' }).isSet(SLOTS), true);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  [
    'taskmanager.numberOfTaskSlots',
    'two',
    "taskmanager.numberOfTaskSlots is 'two' (from -D), but it must be a whole number from 1 to 1024.",
  ],
  ['taskmanager.numberOfTaskSlots', '0', "taskmanager.numberOfTaskSlots is '0' (from -D), but it must be a whole number from 1 to 1024."],
  [
    'taskmanager.numberOfTaskSlots',
    '1.5',
    "taskmanager.numberOfTaskSlots is '1.5' (from -D), but it must be a whole number from 1 to 1024.",
  ],
  ['taskmanager.numberOfTaskSlots', '', "taskmanager.numberOfTaskSlots is '' (from -D), but it must be a whole number from 1 to 1024."],
  [
    'pipeline.auto-watermark-interval',
    '200',
    "pipeline.auto-watermark-interval is '200' (from -D), but it must be a duration with a unit, for example '10 s', 0 ms or more.",
  ],
  [
    'taskmanager.memory.network.size',
    '1 kb',
    "taskmanager.memory.network.size is '1 kb' (from -D), but it must be a memory size, for example '64 mb', 32 kb or more.",
  ],
  ['pipeline.operator-chaining.enabled', 'yes', "pipeline.operator-chaining.enabled is 'yes' (from -D), but it must be true or false."],
  ['log.level', 'warm', "log.level is 'warm' (from -D), but it must be one of error, warn, info. Did you mean 'warn'?"],
  ['some.ratio', '1.1', "some.ratio is '1.1' (from -D), but it must be a number, 1 or less."],
];
for (const [key, text, message] of REFUSED) {
  test(`${key} = '${text}' is refused with what is allowed`, () => {
    assert.throws(() => parse({ [key]: text }), { name: 'ConfigError', reason: 'option-value', message });
  });
}

test('a misspelt key is refused wherever it stands, and the nearest one named', () => {
  const message = 'taskmanager.numberOfTaskSlot (from config.yaml) is not a configuration key. Did you mean taskmanager.numberOfTaskSlots?';
  assert.throws(() => parse({ 'taskmanager.numberOfTaskSlot': '2' }, false, 'config.yaml'), {
    name: 'ConfigError',
    reason: 'unknown-key',
    message,
  });
});

test('a key that resembles none is refused on the command line and warned of in a file', () => {
  const refusal = 'jobmanager.rpc.address (from -D) is not a configuration key. See docs/configuration.md for the keys that there are.';
  assert.throws(() => parse({ 'jobmanager.rpc.address': 'x' }), { name: 'ConfigError', message: refusal });
  const { warnings, entries } = parse({ 'jobmanager.rpc.address': 'x' }, false, 'config.yaml');
  assert.deepEqual(warnings, ['jobmanager.rpc.address (from config.yaml) is not a configuration key. It is ignored.']);
  assert.deepEqual(entries, {});
});

test('a deprecated key sets the option under its present name, with a warning', () => {
  const configuration = parse({ 'pipeline.operator-chaining': 'false' });
  assert.equal(configuration.get(CHAINING), false);
  assert.deepEqual(configuration.entries, { 'pipeline.operator-chaining.enabled': 'false' });
  assert.deepEqual(configuration.warnings, [
    'pipeline.operator-chaining (from -D) is now called pipeline.operator-chaining.enabled. Rename it.',
  ]);
});

test('the source added last wins', () => {
  const configuration = Configuration.parse(REGISTRY, [
    { origin: 'config.yaml', entries: { 'taskmanager.numberOfTaskSlots': '2', 'some.ratio': '0.1' }, strict: false },
    { origin: '-D', entries: { 'taskmanager.numberOfTaskSlots': '3' }, strict: true },
  ]);
  assert.deepEqual([configuration.get(SLOTS), configuration.get(RATIO)], [3, 0.1]);
});

test('a key that two options claim is our mistake and found at start', () => {
  assert.throws(() => new OptionRegistry([{ room: 'a', options: [SLOTS, SLOTS] }]), ConfigError);
});

test('what was parsed cannot be changed', () => {
  const configuration = parse({ 'some.ratio': '0.1' });
  assert.ok(Object.isFrozen(configuration.entries) && Object.isFrozen(configuration.warnings) && Object.isFrozen(SLOTS));
});
