/**
 * The keyed states of one operator of one subtask whose checkpoints build upon each other. Owned by the operator's services, which tell what became of each checkpoint.
 *
 * IS1 what was restored is built upon only where its files are the job's own: in the directory that the job writes to, and shared. Files of others are theirs to remove.
 * IS2 and only from the first checkpoint on: a state that was asked for later was written whole meanwhile, and what it had been restored from may be gone.
 * IS3 a state whose schema has changed begins anew.
 */
import type { CheckpointBarrier } from '../../checkpoint/checkpoint-options.ts';
import { isShared } from '../../checkpoint/shared-files.ts';
import type { KeyedStateSchema } from '../../checkpoint/state-handles.ts';
import { identityOf, type RestoredStates } from './restored-states.ts';
import { layerOf, StateLayers } from './state-layers.ts';

export class IncrementalStates {
  readonly #restored: RestoredStates;
  readonly #states = new Map<string, { readonly schema: string; readonly layers: StateLayers }>();
  #first: number | undefined = undefined;

  constructor(restored: RestoredStates) {
    this.#restored = restored;
  }

  /** Of a checkpoint that begins. */
  layersOf(schema: KeyedStateSchema, barrier: CheckpointBarrier): StateLayers {
    this.#first ??= barrier.checkpointId;
    const identity = identityOf(schema);
    const described = declaredText(schema);
    const known = this.#states.get(identity);
    if (known?.schema === described) return known.layers;
    const layers =
      known === undefined && this.#first === barrier.checkpointId ? this.#restoredLayers(identity, described, barrier) : new StateLayers();
    this.#states.set(identity, { schema: described, layers });
    return layers;
  }

  notify(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const { layers } of this.#states.values()) layers[outcome](checkpointId);
  }

  #restoredLayers(identity: string, described: string, { location }: CheckpointBarrier): StateLayers {
    const { base, checkpointId } = this.#restored;
    const handles = this.#restored.handlesOf(identity);
    const isOwn = location.kind === 'directory' && location.base === base && handles.some(({ stream }) => isShared(stream));
    const mayBeKept = handles.every(
      ({ schema, stream }) => declaredText(schema) === described && (stream.kind === 'inline' || isShared(stream)),
    );
    return isOwn && mayBeKept && checkpointId !== undefined ? new StateLayers(layerOf(checkpointId, handles)) : new StateLayers(); // IS1, IS3
  }
}

/** Without what was learned of undeclared types, which grows with the values that are seen. */
function declaredText(schema: KeyedStateSchema): string {
  return JSON.stringify(schema, (name, value: unknown) => (name === 'learned' ? undefined : value));
}
