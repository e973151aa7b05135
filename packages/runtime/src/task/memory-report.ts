/**
 * Says what of a slot's memory is used by what: by state, timers and queues of each operator, and how much of the heap is in none of them. Made only when memory is
 * short, from samples: the record path counts nothing for it.
 */
import type { MemoryUse } from '@millrace/streaming/contract/memory-use';
import type { Step } from './step.ts';
import type { FailingPlace } from './user-code-error.ts';

/** What one step of a task keeps. */
export interface OperatorMemory {
  readonly operatorName: string;
  readonly uid: string | undefined;
  readonly subtask: number; // from 0
  readonly parallelism: number;
  readonly uses: readonly MemoryUse[];
}

/** Of a message: more would bury the first. */
const SHOWN = 3;
/** Below this share of what is used, what is known does not explain the rest, and the message says so. */
const EXPLAINED_SHARE = 0.5;
/** Not worth naming. */
const LEAST_BYTES = 64 * 1024;
/** A slot without any state has some ten MiB of program in its heap. */
const PROGRAM_BYTES = 16 * 1024 * 1024;

export function memoryOf(step: Step, { operatorName, uid, subtask, parallelism }: FailingPlace): OperatorMemory {
  const uses = [...(step.services?.memoryUse() ?? []), ...(step.operator?.memoryUse?.() ?? [])];
  const { sizeInMemory: entries, bytesInMemory: bytes } = step.queue;
  if (entries > 0) uses.push({ name: 'the queue in front', entries, unit: 'elements', bytes });
  return { operatorName, uid, subtask, parallelism, uses };
}

/** One or two sentences: the largest first. `usedBytes` is the heap, and what is outside of it. */
export function describeMemory(operators: readonly OperatorMemory[], usedBytes: number): string {
  const all = operators.flatMap((operator) => operator.uses.map((use) => ({ operator, use })));
  const largest = all.filter(({ use }) => use.bytes >= LEAST_BYTES).sort((a, b) => b.use.bytes - a.use.bytes);
  const known = all.reduce((sum, { use }) => sum + use.bytes, 0);
  const named = largest.slice(0, SHOWN).map(({ operator, use }) => `${use.name} of ${nameOf(operator)}: ${amount(use)}`);
  const sentences = named.length === 0 ? [] : [`The most is in ${named.join('; then in ')}.`];
  const rest = usedBytes - known;
  if (known < usedBytes * EXPLAINED_SHARE && rest > PROGRAM_BYTES) sentences.push(elsewhere(operators, rest, named.length > 0));
  return sentences.join(' ');
}

function elsewhere(operators: readonly OperatorMemory[], bytes: number, isBeside: boolean): string {
  const named = operators.map(nameOf);
  const shown = named.length > SHOWN ? `${named.slice(0, SHOWN).join(', ')} and ${named.length - SHOWN} more` : named.join(', ');
  const where = named.length === 0 ? 'in records under way' : `in variables of functions (of ${shown}), or in records under way`;
  return `About ${mebibytes(bytes)} ${isBeside ? 'is in none of these but' : 'is in no state, but'} ${where}.`;
}

function nameOf({ operatorName, uid, subtask, parallelism }: OperatorMemory): string {
  return `operator '${operatorName}'${uid === undefined ? '' : ` (uid ${uid})`}, subtask ${subtask + 1}/${parallelism}`;
}

function amount({ entries, unit, bytes }: MemoryUse): string {
  return `${entries} ${entries === 1 ? unit.replace(/s$/, '') : unit}, about ${mebibytes(bytes)}`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
