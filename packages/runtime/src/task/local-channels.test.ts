// Goal: an edge inside a slot has hot loops of its own, and whichever end comes first makes the channel that both get.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEdgeChannels } from '../network/edge-channels.ts';
import { LocalReader } from '../network/local-channel.ts';
import { Flow } from './flow.ts';
import { LocalChannels } from './local-channels.ts';

test('the reader of an edge is of a class of its own, and of the shared one where code may not be generated', () => {
  const channels = new LocalChannels();
  const ends = (key: string) => ({ key, producer: new Flow(), consumer: new Flow() });
  const [first, second] = ['first', 'second'].map((name) => channels.takeReader(createEdgeChannels(name), ends(name)));
  assert.ok(first instanceof LocalReader && second instanceof LocalReader);
  assert.notEqual(first.constructor, second.constructor);
  assert.notEqual(first.constructor, LocalReader);
  assert.equal(channels.takeReader(createEdgeChannels('third', { code: 'shared' }), ends('third')).constructor, LocalReader);
});

test('both ends of a channel find each other, whichever is opened first, and the next pair of that name is a new one', () => {
  const channels = new LocalChannels();
  const ends = { key: 'e0:0:1@0', producer: new Flow(), consumer: new Flow() };
  const edge = createEdgeChannels('edge');
  for (const readerFirst of [true, false]) {
    const early = readerFirst ? channels.takeReader(edge, ends) : undefined;
    const writer = channels.takeWriter(edge, ends);
    const reader = early ?? channels.takeReader(edge, ends);
    assert.equal(reader.hasData(), false);
    writer.write('a record', 5);
    assert.equal(reader.hasData(), true);
  }
});
