/** Bugs for the simulation to find: each a change of one line of the compiled engine, made while it is loaded. The engine itself has no flag for them. */
import type { PlantedBug as Planted } from '@millrace/testing/oracle/planted-bugs';

export interface PlantedBug extends Planted {
  /** By which seed it is found, counted from 1. */
  readonly seeds: number;
}

const bug = (name: string, seeds: number, file: string, from: string, to: string): PlantedBug => ({ name, seeds, file, from, to });

export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    'commit-before-complete',
    20,
    'streaming/dist/contract/pending-commits.js',
    'const serializer = this.#options.serializer();\n        context.writeList(',
    'const serializer = this.#options.serializer();\n        void this.complete(checkpointId);\n        context.writeList(',
  ),
  bug(
    'aborted-taken-for-complete',
    100,
    'runtime/dist/task/task-snapshots.js',
    "if (outcome === 'aborted') {",
    "if (outcome === 'never') {",
  ),
  bug('barrier-without-alignment', 100, 'runtime/dist/task/barrier-alignment.js', 'this.#held[channel] = 1;', ''),
  bug('in-flight-requests-dropped', 100, 'streaming/dist/operators/async-wait-operator.js', 'this.#results.pending()', '[]'),
  bug('reader-position-late', 50, 'simulation/dist/split-source.js', '({ id: split, next })', '({ id: split, next: next + 1 })'),
  bug(
    'reader-position-early',
    50,
    'simulation/dist/split-source.js',
    '({ id: split, next })',
    '({ id: split, next: Math.max(0, next - 1) })',
  ),
  bug(
    'timers-not-restored',
    100,
    'runtime/dist/state/heap-timer-service.js',
    'queue.add(key, hashKey(key), this.#namespaceOf(namespace), time);',
    '',
  ),
  bug('split-state-given-twice', 200, 'runtime/dist/checkpoint/assign-states.js', 'start = end;', 'start = Math.max(0, end - 1);'),
  bug(
    'keyed-state-of-first-subtask-only',
    100,
    'runtime/dist/checkpoint/assign-states.js',
    'old.states.flatMap((state) => state?.keyed ?? [])',
    'old.states.slice(0, 1).flatMap((state) => state?.keyed ?? [])',
  ),
  bug(
    'broadcast-state-to-first-subtask-only',
    800,
    'runtime/dist/checkpoint/assign-states.js',
    'copies[subtask % copies.length] ?? []',
    '(subtask === 0 ? copies[0] : undefined) ?? []',
  ),
  bug(
    'old-checkpoint-removed-too-early',
    300,
    'runtime/dist/coordinator/checkpoints/checkpoint-coordinator.js',
    'this.#write(pending);',
    '(this.#completed.latest && this.#opened.store.remove(this.#completed.latest, []), this.#write(pending));',
  ),
  bug('valve-open', 800, 'runtime/dist/coordinator/job-sources.js', 'if (this.#answered.has(operatorId))', 'if (false)'),
  bug(
    'complete-without-one-subtask',
    50,
    'runtime/dist/coordinator/checkpoints/pending-checkpoint.js',
    'this.#missing.size === 0',
    'this.#missing.size <= 1',
  ),
  bug(
    'older-checkpoint-overtakes',
    800,
    'runtime/dist/coordinator/checkpoints/checkpoint-coordinator.js',
    'if (isOvertaken)',
    'if (false)',
  ),
  bug('restored-committables-dropped', 100, 'streaming/dist/contract/pending-commits.js', 'this.#prepared = stored.map(', 'stored.map('),
  bug(
    'lost-notification-not-made-up-for',
    300,
    'streaming/dist/contract/pending-commits.js',
    'each.checkpointId <= checkpointId',
    'each.checkpointId === checkpointId || checkpointId === LAST',
  ),
  bug('watermark-tracker-not-restored', 300, 'runtime/dist/task/source-watermarks.js', 'this.#restored.restore(own, others);', ''),
  bug('enumerator-begins-anew', 100, 'cluster/dist/local/job-coordinators.js', 'restored: this.#restored[id],', 'restored: undefined,'),
  bug('aborted-alignment-still-held', 300, 'runtime/dist/task/barrier-alignment.js', 'if (isPending)\n            this.#held.fill(0);', ''),
  bug('metadata-not-synced', 300, 'runtime/dist/checkpoint/checkpoint-directory.js', 'await writer.sync();', ''),
  bug(
    'delta-upon-aborted-checkpoint',
    100,
    'runtime/dist/state/snapshot/state-layers.js',
    'aborted(checkpointId) {',
    'aborted(checkpointId) { return this.complete(checkpointId);',
  ),
  bug('shared-file-removed-while-referred-to', 100, 'runtime/dist/checkpoint/checkpoint-directory.js', '&& !stillUsed.has(file)', ''),
  bug(
    'changes-forgotten-by-an-unconfirmed-checkpoint',
    300,
    'runtime/dist/state/snapshot/state-layers.js',
    'complete(checkpointId) {',
    'complete(checkpointId) {} written(checkpointId, handle) { if (handle !== undefined && isShared(handle.stream)) this.#complete = [...this.#complete, layerOf(checkpointId, [handle])]; } never(checkpointId) {',
  ),
  bug('slot-not-given-back', 50, 'runtime/dist/task/task-executor-rings.js', 'release(executionId) {', 'release(executionId) { return;'),
  bug(
    'checkpoints-removed-at-cancellation',
    50,
    'runtime/dist/coordinator/checkpoints/completed-checkpoints.js',
    "return retention !== 'RETAIN_ON_CANCELLATION';",
    'return true;',
  ),
  bug('lock-kept-after-the-end', 50, 'cluster/dist/local/checkpoint-stores.js', '.then(() => this.#lock.release())', '.then(() => {})'),
];
