// Goal: the disk fails as it says, and not otherwise. Method: a clock that is run by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SimulatedDisk } from './simulated-disk.ts';

class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers: { readonly at: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }
  monotonic(): number {
    return this.#nowMs;
  }
  schedule(delayMs: number, action: () => void) {
    this.#timers.push({ at: this.#nowMs + delayMs, action });
    return { cancel: () => {} };
  }
  /** Until nothing is scheduled any more. */
  async run<R>(work: Promise<R>): Promise<R> {
    let settled = false;
    void work.then(
      () => (settled = true),
      () => (settled = true),
    );
    for (let idle = 0; !settled && idle < 20; idle++) {
      await Promise.resolve();
      const next = this.#timers.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) continue;
      idle = 0;
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.action();
    }
    if (!settled) throw new Error('it never settles');
    return work;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function written(disk: SimulatedDisk, clock: HandClock, path: string, { sync }: { readonly sync: boolean }) {
  const writer = await clock.run(disk.create(path));
  await clock.run(writer.write(bytes('certain ')));
  if (sync) await clock.run(writer.sync());
  await clock.run(writer.write(bytes('perhaps')));
  return writer;
}

test('what was synced survives the end of the machine, of the rest some prefix; an end of the process loses nothing', async () => {
  const lengths = new Set<number>();
  for (let seed = 1; seed <= 40; seed++) {
    const clock = new HandClock();
    const disk = new SimulatedDisk(clock, seededRandom(seed));
    await clock.run(disk.makeDirectory('sim:/a'));
    await written(disk, clock, 'sim:/a/b', { sync: true });
    disk.killProcess();
    assert.equal(disk.textOf('sim:/a/b'), 'certain perhaps');
    disk.crash();
    const left = disk.textOf('sim:/a/b');
    assert.ok('certain perhaps'.startsWith(left) && left.length >= 8, `seed ${seed}: ${left}`);
    lengths.add(left.length);
  }
  assert.ok(lengths.size > 4);
});

test('a lying disk keeps nothing, a full one refuses, a failing one fails, a dead one never answers', async () => {
  const clock = new HandClock();
  const disk = new SimulatedDisk(clock, seededRandom(3));
  await clock.run(disk.makeDirectory('sim:/a'));
  disk.faults.isLying = true;
  await written(disk, clock, 'sim:/a/lied', { sync: true });
  disk.crash();
  assert.ok(disk.textOf('sim:/a/lied').length < 15);
  disk.faults.capacityBytes = 20;
  const writer = await clock.run(disk.create('sim:/a/full'));
  await assert.rejects(clock.run(writer.write(new Uint8Array(21))), { reason: 'file-no-space' });
  disk.faults.failureRate = 1;
  await assert.rejects(clock.run(disk.create('sim:/a/never')), { reason: 'file-io' });
  disk.faults.failureRate = 0;
  const asked = disk.stat('sim:/a/full');
  disk.killProcess();
  await assert.rejects(clock.run(asked), /it never settles/);
});

test('nothing is overwritten; directories list their children and are removed when they are empty', async () => {
  const clock = new HandClock();
  const disk = new SimulatedDisk(clock, seededRandom(1));
  disk.faults.latencyMsMax = 100;
  await clock.run(disk.makeDirectory('sim:/a/b'));
  await written(disk, clock, 'sim:/a/x', { sync: false });
  await written(disk, clock, 'sim:/a/y', { sync: false });
  await assert.rejects(clock.run(disk.create('sim:/a/x')), { reason: 'file-exists' });
  await assert.rejects(clock.run(disk.rename('sim:/a/x', 'sim:/a/y')), { reason: 'file-exists' });
  await assert.rejects(clock.run(disk.create('sim:/c/x')), { reason: 'file-not-found' });
  await clock.run(disk.rename('sim:/a/x', 'sim:/a/z'));
  assert.deepEqual(
    (await clock.run(disk.list('sim:/a'))).map(({ path, kind }) => `${path} ${kind}`),
    ['sim:/a/b directory', 'sim:/a/y file', 'sim:/a/z file'],
  );
  await assert.rejects(clock.run(disk.removeDirectory('sim:/a')), { reason: 'file-io' });
  assert.deepEqual([await clock.run(disk.removeDirectory('sim:/a/b')), await clock.run(disk.remove('sim:/a/z'))], [true, true]);
  const file = await clock.run(disk.open('sim:/a/y'));
  assert.equal(new TextDecoder().decode(await clock.run(file.read(2, 6))), 'rtai');
});
