/**
 * What the next checkpoints of one keyed state may build upon: the layers of the newest one that is known to be complete, and those of the ones under way.
 *
 * SL1 a layer is built upon only when its checkpoint is known to be complete: those that were given up have never been.
 * SL2 a checkpoint refers only to layers that every one that is under way before it refers to as well. So when one of those is complete, and its predecessor is removed
 *     with the files that it alone had, nothing of this one is among them.
 * SL3 a layer that is no file of its own (the state is small) is not built upon: the next checkpoint tells the same changes again, and the newer ones.
 */
import { isShared } from '../../checkpoint/shared-files.ts';
import type { KeyedStateBlock, KeyedStateHandle } from '../../checkpoint/state-handles.ts';

/** Everything up to a checkpoint, upon the layers before. */
export interface Layer {
  readonly checkpointId: number;
  /** One; of a layer that was restored, those of all the layers that it had, from all the subtasks that it had been. */
  readonly handles: readonly KeyedStateHandle[];
  readonly baseBytes: number;
  readonly deltaBytes: number;
}

/** Changes that come to this share of the whole are not worth keeping apart: restoring would read them besides. */
const CHANGED_SHARE_MAX = 0.5;
/** More layers than this are merged: each is a file, and blocks by the hundred in the metadata. */
const LAYERS_MAX = 12;
/** Of a restored layer and those upon it. */
const HEIGHT_MAX = 2 * LAYERS_MAX;

interface UnderWay {
  readonly checkpointId: number;
  /** How many of the layers it refers to. */
  readonly kept: number;
  own: Layer | undefined;
}

export class StateLayers {
  #complete: readonly Layer[];
  #underWay: readonly UnderWay[] = []; // ascending

  constructor(restored?: Layer) {
    this.#complete = restored === undefined ? [] : [restored];
  }

  /**
   * A checkpoint begins: the layers that it refers to; what has changed since the last of them is to be written, where there is none everything. `knownSince` is the
   * first checkpoint since which the changes are known.
   */
  begin(checkpointId: number, knownSince: number): readonly Layer[] {
    const shared = Math.min(this.#complete.length, ...this.#underWay.map(({ kept }) => kept)); // SL2
    const kept = keptLayers(this.#complete.slice(0, shared), knownSince);
    this.#underWay = [...this.#underWay, { checkpointId, kept: kept.length, own: undefined }];
    return kept;
  }

  /** Changes since before this checkpoint will not be asked for. */
  get keepSince(): number {
    return Math.min(...this.#complete.slice(0, 1).map(idOf), ...this.#underWay.map(idOf));
  }

  written(checkpointId: number, handle: KeyedStateHandle | undefined): void {
    const written = this.#underWay.find((each) => each.checkpointId === checkpointId);
    if (written !== undefined && handle !== undefined && isShared(handle.stream)) written.own = layerOf(checkpointId, [handle]); // SL3
  }

  complete(checkpointId: number): void {
    const done = this.#underWay.find((each) => each.checkpointId === checkpointId);
    this.#underWay = this.#underWay.filter((each) => each.checkpointId > checkpointId);
    if (done === undefined) return;
    this.#complete = [...this.#complete.slice(0, done.kept), ...(done.own === undefined ? [] : [done.own])];
  }

  aborted(checkpointId: number): void {
    this.#underWay = this.#underWay.filter((each) => each.checkpointId !== checkpointId);
  }
}

/** Those that are worth building upon. Pure. */
export function keptLayers(layers: readonly Layer[], knownSince: number): readonly Layer[] {
  const base = layers[0];
  if (base === undefined || sizeOf(layers) > base.baseBytes * CHANGED_SHARE_MAX) return [];
  const kept = layers.length > LAYERS_MAX ? outweighing(layers) : layers;
  const last = kept.at(-1) as Layer;
  return last.checkpointId < knownSince || topOf(last) >= HEIGHT_MAX ? [] : kept;
}

/** The layers up to the first that is no larger than all behind it: those are written anew, as one, whenever they have doubled. */
function outweighing(layers: readonly Layer[]): readonly Layer[] {
  const end = layers.findIndex(({ deltaBytes }, index) => index > 0 && deltaBytes <= sizeOf(layers.slice(index + 1)));
  return end < 0 ? layers : layers.slice(0, end);
}

export function layerOf(checkpointId: number, handles: readonly KeyedStateHandle[]): Layer {
  const bytesOf = (each: readonly KeyedStateHandle[]) =>
    each.reduce((sum, { blocks, delta }) => sum + blockBytes(blocks) + blockBytes(delta?.removed ?? []), 0);
  const isDelta = ({ delta }: KeyedStateHandle) => delta !== undefined;
  const deltaBytes = bytesOf(handles.filter(isDelta));
  return { checkpointId, handles, baseBytes: bytesOf(handles) - deltaBytes, deltaBytes };
}

/** Of the highest of its handles. */
export function topOf({ handles }: Layer): number {
  return Math.max(...handles.map(({ delta }) => delta?.layer ?? 0));
}

function sizeOf(layers: readonly Layer[]): number {
  return layers.reduce((sum, { deltaBytes }) => sum + deltaBytes, 0);
}

function blockBytes(blocks: readonly KeyedStateBlock[]): number {
  return blocks.reduce((sum, { size }) => sum + size, 0);
}

function idOf({ checkpointId }: { readonly checkpointId: number }): number {
  return checkpointId;
}
