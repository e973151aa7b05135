// Goal: sources one after another are one: nothing is lost or comes twice, no record of the next before the last of the one before, restored at any time; and the next begins
// where the one before ended. Method: the source harness.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CollectionSource } from '../collection-source.ts';
import { DataGeneratorSource } from '../data-generator-source.ts';
import { SequenceSource } from '../sequence-source.ts';
import { runSource } from '../source-harness.ts';
import { FunctionSource } from '../function/function-source.ts';
import type { RangeEnumeratorState } from '../range-enumerator.ts';
import type { SplitEnumeratorContext } from '../../contract/source.ts';
import { type HybridSplit, stateSerializer } from './hybrid-parts.ts';
import { HybridSource } from './hybrid-source.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe('HybridSource', () => {
  for (const readers of [1, 3]) {
    for (const restoreEvery of [1_000_000, 11, 3, 1]) {
      it(`reads all sources in order with ${readers} readers, restored after every ${restoreEvery} turns`, async () => {
        for (let seed = 1; seed <= 4; seed++) {
          const source = HybridSource.builder<number>(new SequenceSource(0, 2_499))
            .addSource(new CollectionSource(numbers(2_500, 2_700)))
            .addSource((context: { previousEnumeratorState: unknown }) => {
              assert.deepEqual(context.previousEnumeratorState, { pending: [] });
              return new DataGeneratorSource((n) => 2_700 + n, 1_300);
            }, 'BOUNDED')
            .build();
          const { records } = await runSource(source, { readers, restoreEvery, seed });
          assert.deepEqual(
            records.flat().toSorted((a, b) => a - b),
            numbers(0, 4_000),
            `seed ${seed}`,
          );
          for (const [reader, read] of records.entries()) {
            const sources = read.map((n) => (n < 2_500 ? 0 : n < 2_700 ? 1 : 2));
            assert.deepEqual(
              sources,
              sources.toSorted((a, b) => a - b),
              `seed ${seed}, reader ${reader}`,
            );
          }
        }
      });
    }
  }

  it('begins the next where the one before ended', async () => {
    const source = HybridSource.builder<number>(new DataGeneratorSource((n) => n, 1_234))
      .addSource<RangeEnumeratorState>(({ previousEnumeratorState: { position } }) => new SequenceSource(position, position + 9), 'BOUNDED')
      .build();
    const { records } = await runSource(source, { readers: 2, restoreEvery: 2 });
    assert.deepEqual(
      records.flat().toSorted((a, b) => a - b),
      numbers(0, 1_244),
    );
  });

  it('passes over what a reader says of a source that is over (E2)', async () => {
    const told: unknown[] = [];
    const source = HybridSource.builder<number>(new SequenceSource(1, 1))
      .addSource(new SequenceSource(2, 2))
      .addSource(new SequenceSource(3, 3))
      .build();
    const enumerator = source.createEnumerator({
      currentParallelism: () => 1,
      registeredReaders: () => new Map([[0, { location: '', reportedSplits: [] }]]),
      sendEventToSourceReader: (_subtask: number, event: { readonly kind: string; readonly sourceIndex: number }) =>
        void told.push(`${event.kind} ${event.sourceIndex}`),
      assignSplit: () => void told.push('a split'),
      callAsync: (work: () => Promise<unknown>, handle: (outcome: { readonly value: unknown }) => void) =>
        void work().then((value) => handle({ value })),
    } as unknown as SplitEnumeratorContext<HybridSplit>);
    enumerator.addReader(0);
    for (const _again of [1, 2]) {
      enumerator.handleSourceEvent?.(0, { kind: 'finished', sourceIndex: 0 });
      await new Promise((resolve) => setImmediate(resolve));
      enumerator.handleSourceEvent?.(0, { kind: 'request', sourceIndex: 0 });
    }
    assert.deepEqual(told, ['switch 0', 'switch 1']);
  });

  it('has a reader that came back alone read what it had of sources that are over, before it reads the current one', async () => {
    const told: string[] = [];
    const source = HybridSource.builder<number>(new SequenceSource(1, 1)).addSource(new SequenceSource(2, 2)).build();
    const old = (byte: number): HybridSplit => ({ sourceIndex: 0, splitId: undefined, version: 1, split: Uint8Array.of(byte) });
    const readers = new Map([
      [0, { location: '', reportedSplits: [] as readonly HybridSplit[] }],
      [1, { location: '', reportedSplits: [] as readonly HybridSplit[] }],
    ]);
    const context = {
      currentParallelism: () => 2,
      registeredReaders: () => readers,
      sendEventToSourceReader: (subtask: number, event: { readonly kind: string; readonly sourceIndex: number }) =>
        void told.push(`${subtask}: ${event.kind} ${event.sourceIndex}`),
      assignSplit: (split: HybridSplit, subtask: number) => void told.push(`${subtask}: split ${split.split.join()}`),
      callAsync: (work: () => Promise<unknown>, handle: (outcome: { readonly value: unknown }) => void) =>
        void work().then((value) => handle({ value })),
    } as unknown as SplitEnumeratorContext<HybridSplit>;
    const enumerator = source.createEnumerator(context);
    for (const subtask of [0, 1]) enumerator.addReader(subtask);
    for (const subtask of [0, 1]) enumerator.handleSourceEvent?.(subtask, { kind: 'finished', sourceIndex: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told.splice(0), ['0: switch 0', '1: switch 0', '0: switch 1', '1: switch 1']);
    enumerator.addSplitsBack([old(7)], 0);
    const saved = stateSerializer().deserialize(stateSerializer().serialize(await enumerator.snapshotState(1)), 1);
    for (const each of [enumerator, source.restoreEnumerator(context, saved)]) {
      readers.set(0, { location: '', reportedSplits: [old(5)] });
      each.addReader(0);
      assert.deepEqual(told.splice(0), ['0: switch 0', '0: split 7', '0: no-more-splits 0']);
      each.handleSourceEvent?.(0, { kind: 'finished', sourceIndex: 0 });
      assert.deepEqual(told.splice(0), ['0: switch 1']);
      readers.set(0, { location: '', reportedSplits: [] });
      each.addReader(0);
      assert.deepEqual(told.splice(0), ['0: switch 1']);
    }
  });

  it('is as bounded as its last source, and refuses what can never come', () => {
    const endless = new FunctionSource<number, undefined>({ create: () => ({ run() {} }), runtimeContext: () => undefined });
    const hybrid = HybridSource.builder<number>(new SequenceSource(1, 2)).addSource(endless);
    assert.equal(hybrid.build().getBoundedness(), 'CONTINUOUS_UNBOUNDED');
    assert.equal(hybrid.build().isReplayable, false);
    assert.throws(() => hybrid.addSource(new SequenceSource(1, 2)), { message: /behind number 2, which is unbounded and never ends/ });
    assert.throws(() => HybridSource.builder({} as never), { message: /no source: it has no createReader/ });
    assert.throws(() => HybridSource.builder<number>(new SequenceSource(1, 2)).addSource((() => new SequenceSource(1, 2)) as never), {
      message: /without saying whether its source is bounded/,
    });
  });
});
