// Goal: whatever happens to the files between two looks, and whenever the source is restored, no line is lost and none is read twice, but for files that are read again on
// purpose. Method: seeded histories of a directory in memory, an enumerator that is torn down and restored at random, and a plain account of what should come.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '@millrace/core/base/random';
import type { SplitEnumeratorContext } from '../../contract/source.ts';
import type { FileMonitor, MonitorSettings, MonitorState } from './file-monitor.ts';
import type { FileSplit } from './file-split.ts';
import { FileSplitSource } from './file-split-source.ts';
import { LineFileFormat } from './line-file-format.ts';
import { MemoryFiles } from './memory-files.ts';

const lines = new LineFileFormat<string>({ splittable: true, parserFor: () => ({ parse: (line) => line }), splitBytes: 16 });

describe('FileMonitor', () => {
  it('reads each finished line of files that grow once, in the order of the file, through restores (append)', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const run = new Run(`append-${seed}`, { intervalMs: 10, onChange: 'append' });
      let line = 0;
      for (let step = 0; step < 60; step++) {
        const name = `f${random.nextInt(3)}.log`;
        const choice = random.nextInt(6);
        line += 1;
        if (choice < 2) run.files.append(name, `${name} line ${line}${random.nextInt(3) === 0 ? '' : '\n'}`);
        else if (choice === 2) await run.read(random);
        else if (choice === 3) run.restore();
        else await run.look();
      }
      for (const name of ['f0.log', 'f1.log', 'f2.log']) run.files.append(name, '\n');
      await run.look();
      await run.read(random, Number.POSITIVE_INFINITY);
      for (const name of ['f0.log', 'f1.log', 'f2.log'])
        assert.deepEqual(
          run.linesOf(name),
          run.files
            .read(name)
            .split('\n')
            .filter((text) => text !== ''),
          `seed ${seed}, ${name}`,
        );
      assert.deepEqual(run.warnings, []);
    }
  });

  it('reads new files once and changed ones again in full, with one warning (reread)', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const run = new Run(`reread-${seed}`, { intervalMs: 10, onChange: 'reread' });
      const expected: string[] = [];
      for (let step = 0; step < 40; step++) {
        const name = `f${random.nextInt(4)}.log`;
        const text = Array.from({ length: random.nextInt(6) }, (_, n) => `${name} ${step} ${n}\n`).join('');
        run.files.write(name, text);
        if (random.nextInt(3) === 0) run.restore();
        await run.look();
        expected.push(...text.split('\n').slice(0, -1));
        await run.read(random, Number.POSITIVE_INFINITY);
      }
      assert.deepEqual(run.lines.toSorted(), expected.toSorted(), `seed ${seed}`);
    }
    const run = new Run('one', { intervalMs: 10, onChange: 'reread' });
    for (const text of ['a\n', 'a\nb\n', 'a\nb\nc\n']) {
      run.files.write('x', text);
      await run.look();
      await run.look();
    }
    await run.read(seededRandom(1), Number.POSITIVE_INFINITY);
    assert.deepEqual(run.lines, ['a', 'a', 'b', 'a', 'b', 'c']);
    assert.equal(run.warnings.length, 1);
    assert.match(run.warnings[0] ?? '', /memory:one\/x' has changed and is read again from its beginning/);
  });

  it('forgets files that have gone, and reads one that has become shorter from its beginning', async () => {
    const run = new Run('gone', { intervalMs: 10, onChange: 'append' });
    run.files.write('x', 'a\nb\n');
    await run.look();
    run.files.remove('x');
    await run.look();
    assert.deepEqual(run.state.seen, []);
    run.files.write('x', 'a\nb\n');
    await run.look();
    run.files.write('x', 'c\n');
    await run.look();
    await run.read(seededRandom(1), Number.POSITIVE_INFINITY).catch(() => {}); // what was to be read of the file that is gone is gone
    assert.equal(run.lines.at(-1), 'c');
    assert.match(run.warnings[0] ?? '', /has become shorter/);
  });

  it('gives waiting readers what a look finds, and tells the others that there is nothing', async () => {
    const run = new Run('wait', { intervalMs: 10, onChange: 'reread' });
    for (const subtask of [0, 1, 2]) run.monitor.handleSplitRequest(subtask);
    run.files.write('x', 'a\n');
    await run.look();
    assert.deepEqual(run.log, ['split 0 to 0', 'idle to 1', 'idle to 2']);
  });

  it('passes over who has asked and is gone; its next reader asks for itself', async () => {
    const run = new Run('readers-gone', { intervalMs: 10, onChange: 'reread' });
    for (const subtask of [0, 1]) run.monitor.handleSplitRequest(subtask);
    run.registered.delete(0);
    run.monitor.addSplitsBack([], 0);
    await run.look();
    assert.deepEqual(run.log.splice(0), ['idle to 1']);
    run.registered.add(0);
    run.monitor.addReader(0);
    for (const name of ['x', 'y', 'z']) run.files.write(name, 'a\n');
    await run.look();
    assert.deepEqual(run.log.splice(0), ['split 0 to 1']);
    run.monitor.handleSplitRequest(0);
    assert.deepEqual(run.log, ['split 1 to 0']);
  });

  it('finds nothing at first without complaint, but a path that is not there is refused', async () => {
    const empty = new Run('empty', { intervalMs: 10, onChange: 'reread' });
    await empty.look();
    const source = new FileSplitSource(['memory:nowhere'], lines, { monitor: { intervalMs: 10, onChange: 'reread' } });
    const run = new Run('nowhere', { intervalMs: 10, onChange: 'reread' }, source);
    await assert.rejects(run.look(), { message: /The input 'memory:nowhere' does not exist/ });
  });

  it('refuses what cannot be', () => {
    const whole = new LineFileFormat<string>({ splittable: false, parserFor: () => ({ parse: (line) => line }) });
    const source = (format: typeof lines, monitor: MonitorSettings) => () => new FileSplitSource(['memory:x/'], format, { monitor });
    assert.throws(source(whole, { intervalMs: 1, onChange: 'append' }), { message: /do not stand in lines of their own/ });
    assert.throws(source(lines, { intervalMs: 0, onChange: 'append' }), { message: /every 0 ms\. Give an interval above 0/ });
    assert.throws(source(lines, { intervalMs: 1, onChange: 'both' as never }), { message: /onChange is "both"/ });
  });

  it('warns when the job is submitted, unless what is appended is read alone', () => {
    const source = (onChange: 'reread' | 'append') => new FileSplitSource(['memory:x/'], lines, { monitor: { intervalMs: 1, onChange } });
    assert.match(source('reread').submitWarnings[0] ?? '', /read again in full/);
    assert.deepEqual(source('append').submitWarnings, []);
    assert.equal(source('append').getBoundedness(), 'CONTINUOUS_UNBOUNDED');
  });
});

/** One directory, one enumerator, and what was read. */
class Run {
  readonly files: MemoryFiles;
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  readonly log: string[] = [];
  readonly registered = new Set([0, 1, 2]);
  monitor: FileMonitor;
  #work: () => Promise<unknown> = () => Promise.reject(new Error('not started'));
  #handle: (outcome: { value: unknown } | { error: unknown }) => void = () => {};
  readonly #source: FileSplitSource<string>;
  readonly #reading: FileSplit[] = [];

  constructor(name: string, monitor: MonitorSettings, source?: FileSplitSource<string>) {
    this.files = new MemoryFiles(name);
    this.#source = source ?? new FileSplitSource([this.files.root], lines, { monitor });
    this.monitor = this.#start(undefined);
  }

  get state(): MonitorState {
    return this.monitor.snapshotState();
  }

  async look(): Promise<void> {
    const warn = console.warn;
    console.warn = (message: string) => void this.warnings.push(message);
    try {
      this.#handle({ value: await this.#work() });
    } finally {
      console.warn = warn;
    }
  }

  /** Some of the splits, as far as there are any. */
  async read(random: Random, count = random.nextInt(4)): Promise<void> {
    for (let read = 0; read < count && this.state.pending.length > 0; read++) {
      this.monitor.handleSplitRequest(0);
      const split = this.#reading.shift() as FileSplit;
      for await (const batch of lines.read(split, { kind: 'fail' })) for (let n = 0; n < batch.size; n++) this.lines.push(batch.get(n));
    }
  }

  linesOf(name: string): string[] {
    return this.lines.filter((line) => line.startsWith(name));
  }

  restore(): void {
    const serializer = this.#source.enumeratorStateSerializer();
    this.monitor = this.#start(serializer.deserialize(serializer.serialize(this.state), serializer.version) as MonitorState);
  }

  #start(state: MonitorState | undefined): FileMonitor {
    const context = {
      registeredReaders: () => new Map(Array.from(this.registered, (subtask) => [subtask, { location: 'test', reportedSplits: [] }])),
      assignSplit: (split: FileSplit, subtask: number) => {
        assert.ok(this.registered.has(subtask));
        this.log.push(`split ${split.index} to ${subtask}`);
        this.#reading.push(split);
      },
      sendEventToSourceReader: (subtask: number, event: unknown) => {
        assert.ok(this.registered.has(subtask));
        this.log.push(`${String(event)} to ${subtask}`);
      },
      callAsync: (work: () => Promise<unknown>, handle: (outcome: { value: unknown } | { error: unknown }) => void) => {
        this.#work = work;
        this.#handle = handle;
      },
    } as unknown as SplitEnumeratorContext<FileSplit>;
    const made = state === undefined ? this.#source.createEnumerator(context) : this.#source.restoreEnumerator(context, state);
    void made.start();
    return made as unknown as FileMonitor;
  }
}
