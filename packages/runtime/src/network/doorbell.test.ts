import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '@millrace/core/base/clock';
import { Doorbell, DoorbellButton } from './doorbell.ts';

/** Holds the event loop, which a wait does not. */
const { port1, port2 } = new MessageChannel();
port1.on('message', () => {});
after(() => {
  port1.close();
  port2.close();
});

class ManualClock implements Clock {
  readonly due = new Set<() => void>();
  now = () => 0;
  monotonic = () => 0;
  schedule(_delayMs: number, action: () => void) {
    this.due.add(action);
    return { cancel: () => void this.due.delete(action) };
  }
  fire(): void {
    for (const action of this.due) action();
  }
}

function newBell() {
  const memory = Doorbell.createMemory();
  const clock = new ManualClock();
  return { bell: new Doorbell(memory, clock), button: new DoorbellButton(memory), clock };
}

const isSettled = async (promise: Promise<void>) =>
  (await Promise.race([promise.then(() => 'settled'), nextTurn().then(() => 'waits')])) === 'settled';
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a ring between prepare and park is not lost', async () => {
  const { bell, button } = newBell();
  bell.prepare();
  button.ring();
  await bell.park(Number.POSITIVE_INFINITY);
  assert.equal(bell.isParked(), false);
});

test('a ring ends the park, and only one notify is spent on it', async () => {
  const { bell, button } = newBell();
  assert.equal(button.isParked(), false);
  bell.prepare();
  assert.equal(button.isParked(), true);
  const parked = bell.park(Number.POSITIVE_INFINITY);
  assert.equal(await isSettled(parked), false);
  button.ring();
  assert.equal(button.isParked(), false, 'the slot is on its way');
  button.ring();
  await parked;
});

test('a ring while nobody parks does not shorten the next park', async () => {
  const { bell, button } = newBell();
  button.ring();
  bell.prepare();
  const parked = bell.park(Number.POSITIVE_INFINITY);
  assert.equal(await isSettled(parked), false);
  bell.wake();
  await parked;
});

test('a park ends at its limit, and its timer goes with it', async () => {
  const { bell, button, clock } = newBell();
  bell.prepare();
  const first = bell.park(50);
  assert.equal(clock.due.size, 1);
  clock.fire();
  await first;
  assert.equal(clock.due.size, 0);
  assert.equal(bell.isParked(), false);
  bell.prepare();
  const second = bell.park(50);
  button.ring();
  await second;
  assert.equal(clock.due.size, 0, 'the timer of a park that was rung is cancelled');
});

test('cancel takes the announcement back', async () => {
  const { bell, button } = newBell();
  bell.prepare();
  bell.cancel();
  assert.equal(button.isParked(), false);
});

test('the end of an earlier wait does not end a later park', async () => {
  const { bell, clock } = newBell();
  for (let round = 0; round < 200; round += 1) {
    bell.prepare();
    const early = bell.park(10);
    if (round % 2 === 0) bell.wake();
    else clock.fire();
    bell.prepare(); // before the platform has settled the wait of the park that is over
    const late = bell.park(Number.POSITIVE_INFINITY);
    await early;
    for (let turn = 0; turn < 5; turn += 1) await nextTurn(); // by now the platform has settled it
    assert.equal(await isSettled(late), false, `round ${round}`);
    bell.ring();
    await late;
  }
});

test('parking twice at a time is refused, waking nobody is harmless', async () => {
  const { bell } = newBell();
  bell.wake();
  bell.prepare();
  const parked = bell.park(Number.POSITIVE_INFINITY);
  assert.throws(() => void bell.park(1), /the slot is parked already/);
  bell.wake();
  await parked;
});

test('memory that is too small for a doorbell is refused', () => {
  assert.throws(() => new DoorbellButton(new SharedArrayBuffer(8)), /a doorbell has 64 bytes, this memory 8/);
});
