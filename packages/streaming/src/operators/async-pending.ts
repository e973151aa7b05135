/** What an asynchronous operator has on its way, as a checkpoint keeps it: in order, records with the results that have not left, and control elements. */
import type { RuntimeContext } from '../contract/functions.ts';
import type { ListSnapshot, StateInitializationContext, StateSnapshotContext } from '../contract/snapshot.ts';
import { PendingControl, PendingRecord } from './async-results.ts';

export type PendingElement = PendingRecord | PendingControl;

interface Place {
  readonly subtask: number;
  readonly parallelism: number;
}

type Stored =
  | { readonly record: unknown; readonly timestamp: number; readonly results: readonly unknown[] | null }
  /** Of the subtask that held it back: what it says of time is true of that one only. */
  | { readonly isWatermark: boolean; readonly value: number; readonly place: Place };

const PENDING: ListSnapshot<Stored> = { name: 'async-wait-operator-state', mode: 'split', elementType: undefined };

export function writePending(context: StateSnapshotContext, runtime: RuntimeContext, pending: readonly PendingElement[]): void {
  const place = placeOf(runtime);
  context.writeList(
    PENDING,
    pending.map((element): Stored => {
      if (element instanceof PendingControl) return { isWatermark: element.isWatermark, value: element.value, place };
      const { record, timestamp, results, sent } = element;
      return { record, timestamp, results: results === undefined ? null : results.slice(sent) };
    }),
  );
}

export function readPending(context: StateInitializationContext, runtime: RuntimeContext): readonly PendingElement[] {
  const { subtask, parallelism } = placeOf(runtime);
  return context.readList(PENDING).flatMap((stored): readonly PendingElement[] => {
    if ('isWatermark' in stored) {
      const isOwn = stored.place.subtask === subtask && stored.place.parallelism === parallelism;
      return isOwn ? [new PendingControl(stored.isWatermark, stored.value)] : [];
    }
    const element = new PendingRecord(stored.record, stored.timestamp);
    element.results = stored.results ?? undefined;
    return [element];
  });
}

function placeOf(runtime: RuntimeContext): Place {
  return { subtask: runtime.getIndexOfThisSubtask(), parallelism: runtime.getNumberOfParallelSubtasks() };
}
