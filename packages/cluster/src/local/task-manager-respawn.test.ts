// Goal: a TaskManager that is lost is replaced soon, one that cannot live not for ever, and nobody starts one that nobody waits for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostFailure } from '@millrace/runtime/protocol/failure-description';
import { TaskManagerRespawn } from './task-manager-respawn.ts';

function fixture(isNeeded = () => true) {
  let nowMs = 1_000_000;
  let waiting: { readonly atMs: number; readonly action: () => void } | undefined;
  const delays: number[] = [];
  const clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule(delayMs: number, action: () => void) {
      delays.push(delayMs);
      waiting = { atMs: nowMs + delayMs, action };
      return {
        cancel: () => {
          waiting = undefined;
        },
      };
    },
  };
  const respawn = new TaskManagerRespawn(clock);
  const told: string[] = [];
  let started = 0;
  const ports = { isNeeded, start: () => void started++, giveUp: ({ message }: { message: string }) => void told.push(message) };
  return {
    respawn,
    delays,
    told,
    started: () => started,
    lost: () => respawn.lost(lostFailure('task-manager-lost', 'It is gone.'), ports),
    elapse: (ms: number) => {
      nowMs += ms;
      const due = waiting;
      if (due === undefined || due.atMs > nowMs) return;
      waiting = undefined;
      due.action();
    },
  };
}

test('pauses grow to a bound, and after ten in a row those who wait are told', () => {
  const { lost, elapse, delays, told, started } = fixture();
  for (let loss = 0; loss < 11; loss++) {
    lost();
    elapse(5_000);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]);
  assert.equal(started(), 10);
  assert.deepEqual(told, [
    'The TaskManager was lost 11 times in a row, each time within 60 s; it is not started again. The last time: It is gone.',
  ]);
});

test('one that has lived for a minute counts as the first again', () => {
  const { lost, elapse, delays } = fixture();
  for (let loss = 0; loss < 3; loss++) {
    lost();
    elapse(5_000);
  }
  elapse(60_000);
  lost();
  assert.equal(delays.at(-1), 100);
});

test('nobody is started where nobody waits any more, nor after the end', () => {
  const idle = fixture(() => false);
  idle.lost();
  idle.elapse(1_000);
  assert.equal(idle.started(), 0);
  const closed = fixture();
  closed.lost();
  closed.respawn.stop();
  closed.elapse(1_000);
  assert.equal(closed.started(), 0);
});
