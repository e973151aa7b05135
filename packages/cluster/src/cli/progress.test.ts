/** Goal: the figures are drawn in place, and nothing else that is written is torn by them. Method: a clock moved by hand, a terminal that keeps its text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import type { MonitoredJob } from '../client/job-monitor.ts';
import { Progress, watermarkText } from './progress.ts';

class HandClock implements Clock {
  #nowMs = 0;
  #actions: { readonly atMs: number; readonly action: () => void }[] = [];
  now = () => this.#nowMs;
  monotonic = () => this.#nowMs;
  get waiting(): number {
    return this.#actions.length;
  }
  schedule(delayMs: number, action: () => void) {
    const entry = { atMs: this.#nowMs + delayMs, action };
    this.#actions.push(entry);
    const cancel = () => {
      this.#actions = this.#actions.filter((other) => other !== entry);
    };
    return { cancel };
  }
  advance(millis: number): void {
    this.#nowMs += millis;
    const due = this.#actions.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#actions = this.#actions.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { action } of due) action();
  }
}

function fixture(columns = 120) {
  const clock = new HandClock();
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const progress = new Progress({ write, columns }, clock);
  const vertex = {
    id: 'v',
    name: 'Source: commits -> map',
    parallelism: 2,
    recordsIn: 0,
    recordsOut: 0,
    watermark: undefined as number | undefined,
  };
  const how = { status: 'RUNNING', restarts: 0, checkpoints: undefined as unknown, backPressureCulprit: undefined as unknown };
  const job = { jobId: 'j', name: 'weekly', state: 'RUNNING', figures: () => [vertex], progress: () => how } as unknown as MonitoredJob;
  const take = () => {
    const taken = text;
    text = '';
    return taken;
  };
  return { clock, progress, vertex, job, how, take };
}

test('records, rate and watermark of each vertex are redrawn in place', () => {
  const { clock, progress, vertex, job, take } = fixture();
  progress.add(job);
  assert.equal(take(), '');
  clock.advance(250);
  assert.equal(take(), 'weekly: RUNNING\n  Source: commits -> map ×2  0 records  0/s  watermark -\n');
  vertex.recordsOut = 1_500;
  vertex.watermark = Date.UTC(2020, 0, 1);
  clock.advance(250);
  const erased = '\u001b[1A\u001b[2K'.repeat(2);
  assert.equal(
    take(),
    `${erased}weekly: RUNNING\n  Source: commits -> map ×2  1,500 records  6,000/s  watermark 2020-01-01T00:00:00.000Z\n`,
  );
});

test('restarts and the newest checkpoint stand behind the status', () => {
  const { clock, progress, job, how, take } = fixture(200);
  how.status = 'RESTARTING';
  how.restarts = 2;
  const latestCompleted = { id: 17, triggerTime: clock.now() - 5_000, durationMs: 1_250, stateSizeBytes: 12_345 };
  how.checkpoints = { latestCompleted, counts: { failed: 1 } };
  progress.add(job);
  clock.advance(250);
  assert.equal(take().split('\n')[0], 'weekly: RESTARTING, 2 restarts, checkpoint 17 (4 s ago, 12,345 bytes), 1 failed');
});

test('who makes the others wait is named', () => {
  const { clock, progress, job, how, take } = fixture();
  how.backPressureCulprit = 'map';
  progress.add(job);
  clock.advance(250);
  assert.equal(take().split('\n')[0], "weekly: RUNNING, back-pressure by 'map'");
});

test('other text takes the place of the figures, once', () => {
  const { clock, progress, job, take } = fixture();
  progress.add(job);
  clock.advance(250);
  take();
  progress.clear();
  progress.clear();
  assert.equal(take(), '\u001b[1A\u001b[2K'.repeat(2));
});

test('with the last job the figures and the timer go', () => {
  const { clock, progress, job, take } = fixture();
  progress.add(job);
  clock.advance(250);
  take();
  progress.remove(job);
  assert.equal(take(), '\u001b[1A\u001b[2K'.repeat(2));
  assert.equal(clock.waiting, 0);
});

test('no line is longer than the terminal is wide', () => {
  const { clock, progress, job, take } = fixture(30);
  progress.add(job);
  clock.advance(250);
  assert.ok(
    take()
      .split('\n')
      .every((line) => line.length < 30),
  );
});

test('a watermark is a time where it is one', () => {
  assert.deepEqual(
    [watermarkText(undefined), watermarkText(0), watermarkText(Number.MAX_SAFE_INTEGER), watermarkText(9e15)],
    ['-', '1970-01-01T00:00:00.000Z', 'end of input', '9000000000000000'],
  );
});
