/** The job of a seed, as plain data: drawn here, built by build-program.ts, computed plainly by results.ts. */
import type { Random } from '@millrace/core/base/random';
import type { SourceSpec } from './split-source.ts';

export const BRANCHES = ['records', 'totals', 'timers', 'tumbling', 'sliding', 'session', 'join', 'broadcast', 'late'] as const;
export type BranchKind = (typeof BRANCHES)[number];

export const SINKS = ['two-phase', 'files', 'open-files', 'committer'] as const;
export type SinkKind = (typeof SINKS)[number];

export interface Branch {
  readonly kind: BranchKind;
  readonly sink: SinkKind;
}

export interface Program {
  readonly sources: readonly SourceSpec[];
  /** Between the sources and the branches. */
  readonly stage: 'none' | 'rebalance' | 'ordered-async' | 'unordered-async' | 'counted';
  readonly branches: readonly Branch[];
  readonly checkpointIntervalMs: number;
  readonly checkpointTimeoutMs: number;
  readonly maxConcurrent: number;
  readonly inlineBytesMax: number;
  readonly retained: number;
  readonly incremental: boolean;
  readonly autoWatermarkRecords: number;
  readonly generateCode: boolean;
  /** Records in each channel within a slot: small ones are full often. */
  readonly channelCapacity: number;
  /** Restarts that are allowed without a new process. */
  readonly restarts: number;
}

export const WINDOW_MS = 200;
export const SLIDE_MS = 80;
export const GAP_MS = 35;
export const TIMER_MS = 150;
/** A record that is more than this behind is late, in the branch of late records. */
export const LATE_BOUND_MS = 15;

export function drawProgram(random: Random): Program {
  const pick = <T>(items: readonly T[]) => items[random.nextInt(items.length)] as T;
  const isLate = random.nextInt(6) === 0;
  const sources = isLate ? [lateSource(random)] : Array.from({ length: 1 + random.nextInt(2) }, (_, index) => drawSource(random, index));
  const kinds = BRANCHES.filter((kind) => kind !== 'late');
  const branches = isLate
    ? [{ kind: 'late' as const, sink: pick(SINKS) }]
    : Array.from({ length: 1 + random.nextInt(2) }, () => ({ kind: pick(kinds), sink: pick(SINKS) }));
  return {
    sources,
    stage: isLate ? 'none' : pick(['none', 'none', 'rebalance', 'ordered-async', 'unordered-async', 'counted']),
    branches,
    checkpointIntervalMs: 4 + random.nextInt(30),
    checkpointTimeoutMs: 300 + random.nextInt(1_500),
    maxConcurrent: 1 + random.nextInt(2),
    inlineBytesMax: pick([1, 150, 20_000]),
    retained: 1 + random.nextInt(2),
    autoWatermarkRecords: pick([1, 3, 10, 1_000]),
    generateCode: random.nextInt(12) === 0,
    channelCapacity: pick([2, 16, 64]),
    restarts: 1_000_000,
    incremental: random.nextInt(2) === 0,
  };
}

function drawSource(random: Random, index: number): SourceSpec {
  const isLazy = random.nextInt(2) === 0;
  return {
    name: `source-${index}`,
    splits: Array.from({ length: 1 + random.nextInt(isLazy ? 9 : 5) }, () => 1 + random.nextInt(isLazy ? 25 : 50)),
    isLazy,
    keys: 1 + random.nextInt(9),
    disorderMs: random.nextInt(3) === 0 ? 0 : random.nextInt(60),
    burst: 1 + random.nextInt(12),
    gapMs: 1 + random.nextInt(12),
    snapshotMs: index * random.nextInt(20),
  };
}

/** One split, so that which records are late depends on nothing else. */
function lateSource(random: Random): SourceSpec {
  return { ...drawSource(random, 0), splits: [60 + random.nextInt(80)], isLazy: false, disorderMs: 80 };
}

/** What the strategy of the sources allows. */
export function boundMs({ branches }: Program, { disorderMs }: SourceSpec): number {
  return branches[0]?.kind === 'late' ? LATE_BOUND_MS : disorderMs;
}
