/**
 * For tests of checkpoints that build upon each other: a job of one operator with state of every kind, and all that can become of its checkpoints, from a seed. Files are
 * removed as the coordinator does it, so one that is referred to and gone is found at the next restore.
 */
import assert from 'node:assert/strict';
import { type Random, seededRandom } from '@millrace/core/base/random';
import { hashKey } from '@millrace/core/types/key';
import { keyGroupOf, keyGroupRangeOf, subtaskOfKeyGroup } from '@millrace/core/types/key-group';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { Types } from '@millrace/core/types/types';
import { assignStates } from '../checkpoint/assign-states.ts';
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { filesOf } from '../checkpoint/metadata-walk.ts';
import { sharedPrefixOf } from '../checkpoint/shared-files.ts';
import type { OperatorSubtaskState, StreamHandle } from '../checkpoint/state-handles.ts';
import { type CheckpointStreams, STREAM_HEADER, type StateStream } from '../checkpoint/state-streams.ts';
import type { StateStreamReader } from '../checkpoint/stream-reader.ts';
import type { OperatorSnapshot } from '../state/snapshot/operator-snapshot.ts';
import {
  completed,
  contentsOf,
  MAX_PARALLELISM,
  openServices,
  snapshotOf,
  World,
  type WorldContents,
  type WorldOptions,
} from './testing-state-world.ts';
import { type KeyMaker, sorted, WORLD_KEYS } from './testing-world-check.ts';

const BASE = '/checkpoints/job';
const OPERATOR = { id: 'operator', uid: undefined, name: 'world' };

/** Files of a job's directory in memory. */
export class MemoryFiles implements CheckpointStreams {
  readonly files = new Map<string, Uint8Array>();
  readonly inlineBytesMax: number;
  #made = 0;

  constructor(inlineBytesMax: number) {
    this.inlineBytesMax = inlineBytesMax;
  }

  barrierOf(checkpointId: number): CheckpointBarrier {
    const { inlineBytesMax } = this;
    const location = { kind: 'directory', base: BASE, exclusive: `chk-${checkpointId}`, shared: 'shared', inlineBytesMax } as const;
    return { checkpointId, timestamp: 0, kind: 'checkpoint', location };
  }

  create(location: CheckpointBarrier['location'], scope: 'exclusive' | 'shared'): StateStream {
    assert.ok(location.kind === 'directory');
    const { exclusive } = location;
    const path = `${scope === 'shared' ? `shared/${exclusive}-` : `${exclusive}/`}${++this.#made}`;
    const chunks: Uint8Array[] = [STREAM_HEADER];
    const { files, inlineBytesMax } = this;
    const size = () => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      get position() {
        return size();
      },
      write: async (bytes) => void chunks.push(bytes.slice()), // they are the caller's again
      finish: async () => {
        const bytes = new Uint8Array(Buffer.concat(chunks));
        if (bytes.byteLength <= inlineBytesMax) return { kind: 'inline', bytes };
        files.set(path, bytes);
        return { kind: 'file', path, size: bytes.byteLength };
      },
      discard: async () => void files.delete(path),
    };
  }

  readonly open = async (handle: StreamHandle): Promise<StateStreamReader> => {
    const bytes = handle.kind === 'inline' ? handle.bytes : this.files.get(handle.path);
    if (bytes === undefined) throw new Error(`${handle.kind === 'file' ? handle.path : ''} is referred to and is not there`);
    return { name: handle.kind, read: async (start, end) => bytes.subarray(start, end), close: async () => {} };
  };
}

interface UnderWay {
  readonly checkpointId: number;
  readonly parts: readonly OperatorSnapshot[];
  readonly contents: WorldContents;
}

interface Complete {
  readonly metadata: CheckpointMetadata;
  readonly contents: WorldContents;
}

class IncrementalJob {
  readonly files: MemoryFiles;
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #retained: number;
  #worlds: readonly World[] = [];
  #nextId = 1;
  #underWay: readonly UnderWay[] = [];
  #complete: readonly Complete[] = [];
  /** Not yet delivered, in order. */
  #news: (readonly [checkpointId: number, outcome: 'complete' | 'aborted'])[][] = [];

  constructor(random: Random, options: WorldOptions) {
    this.#random = random;
    this.#options = { ...options, isIncremental: true };
    this.#retained = 1 + random.nextInt(2);
    this.files = new MemoryFiles([0, 0, 300, 3_000][random.nextInt(4)] as number);
  }

  step(keyOf: KeyMaker): void {
    const key = keyOf(this.#random);
    const group = keyGroupOf(hashKey(key), MAX_PARALLELISM);
    this.#worlds[subtaskOfKeyGroup(group, MAX_PARALLELISM, this.#worlds.length)]?.step(this.#random, key);
  }

  begin(): void {
    if (this.#underWay.length >= 3) return;
    const checkpointId = this.#nextId++;
    const contents = { model: this.#union(({ model }) => model), groups: this.#union(({ groups }) => groups) };
    const parts = this.#worlds.map(({ services }) => {
      const snapshot = services.beginSnapshot(this.files.barrierOf(checkpointId), this.files);
      snapshot.seal();
      return snapshot;
    });
    this.#underWay = [...this.#underWay, { checkpointId, parts, contents: structuredClone(contents) }];
  }

  advance(): void {
    for (const { parts } of this.#underWay) for (const part of parts) part.advance(1 + this.#random.nextInt(30));
  }

  /** All acknowledge one that is under way; then it is complete, or has been given up all the same. */
  async end(isComplete: boolean): Promise<void> {
    const ended = this.#underWay[this.#random.nextInt(this.#underWay.length)];
    if (ended === undefined) return;
    const states = await Promise.all(ended.parts.map(completed));
    if (!isComplete) return this.#abort(ended, false);
    this.#underWay = this.#underWay.filter((each) => each !== ended);
    this.#complete = [...this.#complete, { metadata: metadataOf(ended.checkpointId, states), contents: ended.contents }];
    const removed = this.#complete.slice(0, -this.#retained);
    this.#complete = this.#complete.slice(-this.#retained);
    for (const { metadata } of removed) this.#remove(filesOf(metadata));
    for (const older of this.#underWay) if (older.checkpointId < ended.checkpointId) await this.#abort(older, true);
    this.#tell(ended.checkpointId, 'complete');
  }

  async giveUp(): Promise<void> {
    const given = this.#underWay[this.#random.nextInt(this.#underWay.length)];
    if (given !== undefined) await this.#abort(given, true);
  }

  deliver(): void {
    for (const [subtask, { services }] of this.#worlds.entries()) {
      const news = this.#news[subtask]?.shift();
      if (news !== undefined) services.notifyCheckpoint(...news);
    }
  }

  /** From the newest that is complete, after all that is in it was held to the model; from nothing where there is none. */
  async restart(where: string): Promise<void> {
    for (const { parts } of this.#underWay) await Promise.all(parts.map((part) => part.cancel()));
    for (const { checkpointId } of this.#underWay) this.#discard(checkpointId);
    this.#underWay = [];
    this.#checkFiles(where);
    const parallelism = 1 + this.#random.nextInt(3);
    const newest = this.#complete.at(-1);
    if (newest !== undefined) await this.#check(newest, where);
    this.#news = Array.from({ length: parallelism }, () => []);
    this.#worlds = await Promise.all(
      Array.from({ length: parallelism }, async (_, subtask) => {
        if (newest === undefined) return new World(openServices(this.#options, subtask, parallelism));
        const services = await this.#restored(newest, this.#options, [subtask, parallelism]);
        const { first, last } = keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism);
        const { model, groups } = structuredClone(newest.contents);
        const mine = [...model].filter(([id]) => (groups.get(id) as number) >= first && (groups.get(id) as number) <= last);
        return new World(services, { model: new Map(mine), groups });
      }),
    );
  }

  async #restored({ metadata }: Complete, options: WorldOptions, [subtask, parallelism]: readonly [number, number]) {
    const vertex = { id: 'v', name: 'v', parallelism, maxParallelism: MAX_PARALLELISM, operators: [OPERATOR] };
    const state = assignStates(metadata, [vertex]).get('v')?.[subtask]?.operators['operator'] ?? { keyed: [], operator: [] };
    const restored = { checkpointId: metadata.checkpointId, base: BASE, isOfSameProgram: true, openStream: this.files.open };
    const services = openServices(options, subtask, parallelism, state, restored);
    await services.load();
    return services;
  }

  async #check(complete: Complete, where: string): Promise<void> {
    const parallelism = 1 + this.#random.nextInt(3);
    const contents: [string, unknown][] = [];
    const isAskedFor = this.#random.nextInt(4) > 0; // or carried on
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const services = await this.#restored(complete, { ...this.#options, isIncremental: false }, [subtask, parallelism]);
      const { snapshot } = snapshotOf(isAskedFor ? new World(services) : { services, model: new Map() }, 1_000_000);
      contents.push(...(await contentsOf(await completed(snapshot))));
    }
    assert.deepEqual(sorted(contents), sorted(complete.contents.model), `${where}: what was restored`);
  }

  /** What is referred to is there, and nothing else is. */
  #checkFiles(where: string): void {
    const used = new Set(this.#complete.flatMap(({ metadata }) => filesOf(metadata)));
    assert.deepEqual([...this.files.files.keys()].sort(), [...used].sort(), `${where}: files`);
  }

  async #abort(given: UnderWay, isCancelled: boolean): Promise<void> {
    this.#underWay = this.#underWay.filter((each) => each !== given);
    if (isCancelled) await Promise.all(given.parts.map((part) => part.cancel()));
    this.#discard(given.checkpointId);
    this.#tell(given.checkpointId, 'aborted');
  }

  #tell(checkpointId: number, outcome: 'complete' | 'aborted'): void {
    for (const news of this.#news) news.push([checkpointId, outcome]);
  }

  #discard(checkpointId: number): void {
    const own = [...this.files.files.keys()];
    this.#remove(own.filter((path) => path.startsWith(sharedPrefixOf(checkpointId)) || path.startsWith(`chk-${checkpointId}/`)));
  }

  #remove(paths: readonly string[]): void {
    const used = new Set(this.#complete.flatMap(({ metadata }) => filesOf(metadata)));
    for (const path of paths) if (!used.has(path)) this.files.files.delete(path);
  }

  #union<V>(of: (world: World) => ReadonlyMap<string, V>): Map<string, V> {
    return new Map(this.#worlds.flatMap((world) => [...of(world)]));
  }
}

function metadataOf(checkpointId: number, states: readonly OperatorSubtaskState[]): CheckpointMetadata {
  const subtasks = states.map((state) => ({ isFinished: false, operators: { operator: state } }));
  const vertex = { id: 'v', name: 'v', parallelism: states.length, maxParallelism: MAX_PARALLELISM, operators: [OPERATOR], subtasks };
  const of = { kind: 'checkpoint', triggerTimestamp: 0, completionTimestamp: 0, jobId: 'job', jobName: 'job', graphDigest: '' } as const;
  return { checkpointId, ...of, writtenBy: '', vertices: [vertex], coordinators: {} };
}

/** Random calls with checkpoints begun, complete, given up and overlapping, late notifications, and restarts at 1 to 3 subtasks. Throws what differs from the model. */
export async function checkIncrementalWorld(
  seed: number,
  kind: string,
  { rounds = 250, ...given }: Pick<WorldOptions, 'stateBackend'> & { readonly rounds?: number } = {},
): Promise<void> {
  const random = seededRandom(seed);
  const keyType = kind === 'strings' ? (Types.STRING as TypeInformation<unknown>) : undefined;
  const job = new IncrementalJob(random, { ...given, keyType });
  const where = `seed ${seed}, keys are ${kind}`;
  await job.restart(where);
  for (let round = 0; round < rounds; round++) {
    for (let left = random.nextInt(20); left > 0; left--) job.step(WORLD_KEYS[kind] as KeyMaker);
    const dice = random.nextInt(100);
    if (dice < 30) job.begin();
    else if (dice < 50) job.advance();
    else if (dice < 75) await job.end(true);
    else if (dice < 80) await job.end(false);
    else if (dice < 84) await job.giveUp();
    else if (dice < 96) job.deliver();
    else await job.restart(`${where}, round ${round}`);
  }
  await job.restart(`${where}, at the end`);
}
