/**
 * What the input of a task keeps in a checkpoint, in the operator state of the task's head: where its watermark stands, and of a source the splits of its reader.
 *
 * A restored task says first thing where its watermark stands, so downstream nobody takes a record for in time that was late before (I6 of input-gate.ts).
 *
 * W1 at an equal parallelism a subtask goes on where it stood, and one that has no watermark says so as well, or it would be taken for one that had finished; else, and where it had finished alone, all begin with the least that any of them had.
 * W2 a split carries the place of its output with it, to whatever reader gets it. Those of outputs that no split names stay with the subtask; at another parallelism
 *    everybody may have them, if it makes an output of that name.
 */
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '@millrace/streaming/contract/snapshot';
import type { GateWatermarks } from './task-input.ts';
import type { OutputState } from './source-output-state.ts';

/** Which subtask of how many. */
export interface SubtaskPlace {
  readonly subtask: number;
  readonly parallelism: number;
}

interface WatermarksElement extends SubtaskPlace, GateWatermarks {}

interface OutputElement extends SubtaskPlace {
  readonly output: string;
  readonly state: OutputState;
}

export interface SplitElement {
  /** Of the source's split serializer. */
  readonly version: number;
  readonly split: Uint8Array;
  readonly splitId: string | undefined;
  readonly output: OutputState | undefined;
}

const WATERMARKS: ListSnapshot<WatermarksElement> = { name: '#input watermarks', mode: 'union', elementType: undefined };
const OUTPUTS: ListSnapshot<OutputElement> = { name: '#source outputs', mode: 'union', elementType: undefined };
const SPLITS: ListSnapshot<SplitElement> = { name: 'splits', mode: 'split', elementType: undefined, kind: 'reader-splits' };

export function writeWatermarks(context: StateSnapshotContext, place: SubtaskPlace, watermarks: GateWatermarks): void {
  context.writeList(WATERMARKS, [{ ...placeOf(place), ...watermarks }]);
}

/** Undefined where the checkpoint says nothing of it. */
export function readWatermarks(context: StateInitializationContext, place: SubtaskPlace): GateWatermarks | undefined {
  const elements = context.readList(WATERMARKS);
  const own = elements.find((each) => isAt(each, place));
  if (own !== undefined) return { watermark: own.watermark, inputs: own.inputs };
  const [first, ...others] = elements;
  if (first === undefined) return undefined;
  return others.reduce<GateWatermarks>(least, first); // W1
}

export function writeOutputs(context: StateSnapshotContext, place: SubtaskPlace, outputs: ReadonlyMap<string, OutputState>): void {
  if (outputs.size > 0)
    context.writeList(
      OUTPUTS,
      Array.from(outputs, ([output, state]) => ({ ...placeOf(place), output, state })),
    );
}

/** `own`: this subtask had them. `others`: outputs of whoever had them, at another parallelism. */
export interface RestoredPlaces {
  readonly own: Map<string, OutputState>;
  readonly others: Map<string, OutputState>;
}

export function readOutputs(context: StateInitializationContext, place: SubtaskPlace): RestoredPlaces {
  const own = new Map<string, OutputState>();
  const others = new Map<string, OutputState>();
  for (const element of context.readList(OUTPUTS)) {
    const { output, state, parallelism } = element;
    if (isAt(element, place)) own.set(output, state);
    else if (parallelism !== place.parallelism) {
      const known = others.get(output);
      if (known === undefined || state.watermark < known.watermark) others.set(output, state);
    }
  }
  return { own, others };
}

export function writeSplits(context: StateSnapshotContext, splits: readonly SplitElement[]): void {
  if (splits.length > 0) context.writeList(SPLITS, splits);
}

export function readSplits(context: StateInitializationContext): readonly SplitElement[] {
  return context.readList(SPLITS);
}

function placeOf({ subtask, parallelism }: SubtaskPlace): SubtaskPlace {
  return { subtask, parallelism };
}

function isAt({ subtask, parallelism }: SubtaskPlace, place: SubtaskPlace): boolean {
  return subtask === place.subtask && parallelism === place.parallelism;
}

function least(a: GateWatermarks, b: GateWatermarks): GateWatermarks {
  return { watermark: Math.min(a.watermark, b.watermark), inputs: a.inputs.map((each, index) => Math.min(each, b.inputs[index] ?? each)) };
}

/** Readers name the outputs of their splits; which split is which, only its own fields tell. Undefined where none of them names an output. */
export function splitIdOf(split: unknown, outputs: ReadonlyMap<string, unknown>): string | undefined {
  if (typeof split !== 'object' || split === null) return undefined;
  for (const field of ['splitId', 'id', 'index', 'name', 'path']) {
    const value: unknown = (split as Record<string, unknown>)[field];
    const id = typeof value === 'function' ? (value as () => unknown).call(split) : value;
    if ((typeof id === 'string' || typeof id === 'number') && outputs.has(String(id))) return String(id);
  }
  return undefined;
}
