/** A replayable source of several splits. Every record says where it is from: (split, seq). Splits are given out at once, or one after another as readers ask for them. */
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SourceOutput,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from 'millrace';
import { Isolate } from './isolate.ts';
import { world } from './world.ts';

/** `type`, not `interface`: only such may be emitted. */
export type SimRecord = {
  readonly split: number;
  readonly seq: number;
  readonly key: number;
  readonly value: number;
  readonly at: number;
  readonly padding?: string;
};

export interface SourceSpec {
  readonly name: string;
  /** Records of each split. */
  readonly splits: readonly number[];
  /** Splits follow each other in time, and are given out one by one; else they run beside each other. */
  readonly isLazy: boolean;
  readonly keys: number;
  /** How far a record may be behind those before it, milliseconds. */
  readonly disorderMs: number;
  /** Records between two waits, and how long each is. */
  readonly burst: number;
  readonly gapMs: number;
  /** How long its enumerator takes for a snapshot; 0 unless set. */
  readonly snapshotMs?: number;
  /** Characters that every record carries. */
  readonly padding?: number;
  /** Event time begins here; 0 unless set. */
  readonly originMs?: number;
}

/** Records of one split lie in so many milliseconds of event time, at most. */
export const SPLIT_MS = 10_000;

export function recordOf({ isLazy, keys, disorderMs, padding, originMs = 0 }: SourceSpec, split: number, seq: number): SimRecord {
  const mixed = Math.imul(split * 7919 + seq * 104_729 + 17, 0x9e3779b1) >>> 0;
  const begin = originMs + (isLazy ? split * SPLIT_MS : 0);
  const disorder = disorderMs === 0 ? 0 : (mixed >>> 7) % (disorderMs + 1);
  const at = begin + 100 + seq * 10 - Math.min(disorder, seq * 10);
  const record = { split, seq, key: (mixed >>> 16) % keys, value: mixed % 1000, at };
  return padding === undefined ? record : { ...record, padding: 'x'.repeat(padding) };
}

interface SplitState {
  readonly id: number;
  readonly next: number;
}

interface EnumeratorState {
  readonly open: readonly SplitState[];
}

export class SplitSource implements Source<SimRecord, SplitState, EnumeratorState> {
  readonly spec: SourceSpec;

  constructor(spec: SourceSpec) {
    this.spec = spec;
  }

  getBoundedness() {
    return 'BOUNDED' as const;
  }

  createReader(context: SourceReaderContext): SourceReader<SimRecord, SplitState> {
    return new SplitReader(this.spec, context);
  }

  createEnumerator(context: SplitEnumeratorContext<SplitState>): SplitEnumerator<SplitState, EnumeratorState> {
    return this.restoreEnumerator(context, { open: this.spec.splits.map((_records, id) => ({ id, next: 0 })) });
  }

  restoreEnumerator(context: SplitEnumeratorContext<SplitState>, state: EnumeratorState): SplitEnumerator<SplitState, EnumeratorState> {
    return new Enumerator(this.spec, context, state);
  }

  splitSerializer() {
    return jsonSerializer<SplitState>('split');
  }

  enumeratorStateSerializer() {
    return jsonSerializer<EnumeratorState>('enumerator');
  }
}

class Enumerator implements SplitEnumerator<SplitState, EnumeratorState> {
  readonly #spec: SourceSpec;
  readonly #context: SplitEnumeratorContext<SplitState>;
  #open: readonly SplitState[];

  constructor(spec: SourceSpec, context: SplitEnumeratorContext<SplitState>, { open }: EnumeratorState) {
    this.#spec = spec;
    this.#context = context;
    this.#open = open;
  }

  start(): void {}

  handleSplitRequest(subtask: number): void {
    world().faults.at('enumerator');
    const [first, ...rest] = this.#open;
    if (first === undefined) return this.#context.signalNoMoreSplits(subtask);
    this.#open = rest;
    this.#context.assignSplit(first, subtask);
  }

  addSplitsBack(splits: readonly SplitState[]): void {
    this.#open = [...this.#open, ...splits].sort((a, b) => a.id - b.id);
    if (this.#spec.isLazy) return;
    for (const subtask of this.#context.registeredReaders().keys()) this.addReader(subtask);
  }

  addReader(subtask: number): void {
    if (this.#spec.isLazy) return;
    const readers = this.#context.currentParallelism();
    for (const split of this.#open) if (split.id % readers === subtask) this.#context.assignSplit(split, subtask);
    this.#open = this.#open.filter(({ id }) => id % readers !== subtask);
    this.#context.signalNoMoreSplits(subtask);
  }

  snapshotState(): EnumeratorState | Promise<EnumeratorState> {
    world().faults.at('enumerator');
    const state = { open: this.#open };
    const { snapshotMs = 0 } = this.#spec;
    if (snapshotMs === 0) return state;
    return new Promise((resolve) => Isolate.current?.clock.schedule(snapshotMs, () => resolve(state)));
  }

  close(): void {}
}

interface OpenSplit {
  readonly id: string;
  readonly split: number;
  next: number;
  output: SourceOutput<SimRecord> | undefined;
}

class SplitReader implements SourceReader<SimRecord, SplitState> {
  readonly #spec: SourceSpec;
  readonly #context: SourceReaderContext;
  #splits: OpenSplit[] = [];
  #turn = 0;
  #emitted = 0;
  #hasAsked = false;
  #isAtEnd = false;
  #waits: (() => void)[] = [];

  constructor(spec: SourceSpec, context: SourceReaderContext) {
    this.#spec = spec;
    this.#context = context;
  }

  start(): void {}

  pollNext(output: ReaderOutput<SimRecord>): InputStatus {
    const { faults } = world();
    faults.at('poll');
    if (this.#splits.length === 0 || this.#mustWait()) return this.#withoutSplit();
    this.#turn = (this.#turn + 1) % this.#splits.length;
    const split = this.#splits[this.#turn] as OpenSplit;
    for (const each of this.#splits) each.output ??= output.createOutputForSplit(each.id); // or the others would not hold the watermark back
    const records = this.#spec.splits[split.split] as number;
    if (split.next < records) {
      const record = recordOf(this.#spec, split.split, split.next);
      split.next += 1;
      faults.happened('record');
      split.output?.collect(record, record.at);
    }
    if (split.next >= records) {
      output.releaseOutputForSplit(split.id);
      this.#splits = this.#splits.filter((each) => each !== split);
    }
    this.#emitted += 1;
    return this.#emitted % this.#spec.burst === 0 && this.#splits.length > 0 ? 'NOTHING_AVAILABLE' : 'MORE_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    if (this.#splits.length === 0 || this.#mustWait())
      return this.#isAtEnd ? Promise.resolve() : new Promise((resolve) => this.#waits.push(resolve));
    return new Promise((resolve) => this.#context.clock?.schedule(this.#spec.gapMs, resolve));
  }

  addSplits(splits: readonly SplitState[]): void {
    this.#splits.push(...splits.map(({ id, next }) => ({ id: String(id), split: id, next, output: undefined })));
    this.#hasAsked = false;
    this.#wake();
  }

  notifyNoMoreSplits(): void {
    this.#isAtEnd = true;
    this.#wake();
  }

  snapshotState(): readonly SplitState[] {
    world().faults.at('snapshot');
    return this.#splits.map(({ split, next }) => ({ id: split, next }));
  }

  close(): void {}

  /** Splits that run beside each other all hold the watermark back, so all have to be here. */
  #mustWait(): boolean {
    return !this.#spec.isLazy && !this.#isAtEnd;
  }

  #withoutSplit(): InputStatus {
    if (this.#isAtEnd) return 'END_OF_INPUT';
    if (this.#spec.isLazy && !this.#hasAsked) {
      this.#hasAsked = true;
      this.#context.sendSplitRequest();
    }
    return 'NOTHING_AVAILABLE';
  }

  #wake(): void {
    for (const wake of this.#waits.splice(0)) wake();
  }
}
