// Goal: the scenarios of faults.md §3 as far as one process has them, each by its number; docs/checkpoints.md has the table. Method: a job made for the scenario, its faults at the
// moments that the scenario names, over several seeds for the order of everything else; the oracles of the simulation decide.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault, Trigger } from './faults.ts';
import type { Program } from './program.ts';
import { type RunOptions, runSeed, type SeedOutcome } from './run-seed.ts';
import type { SourceSpec } from './split-source.ts';
import type { World } from './world.ts';

const SOURCE: SourceSpec = { name: 'source-0', splits: [30, 25, 40], isLazy: false, keys: 5, disorderMs: 30, burst: 4, gapMs: 6 };
const LAZY: SourceSpec = { ...SOURCE, name: 'source-1', splits: [9, 14, 5, 20, 11], isLazy: true };

const PROGRAM: Program = {
  sources: [SOURCE],
  stage: 'rebalance',
  branches: [
    { kind: 'totals', sink: 'two-phase' },
    { kind: 'tumbling', sink: 'files' },
  ],
  checkpointIntervalMs: 12,
  checkpointTimeoutMs: 500,
  incremental: true,
  maxConcurrent: 1,
  inlineBytesMax: 150,
  retained: 1,
  autoWatermarkRecords: 3,
  generateCode: false,
  channelCapacity: 16,
  restarts: 1_000_000,
};

const isLong = process.env['MILLRACE_SEEDS'] !== undefined;
const SEEDS = isLong ? 20 : 3;
/** Of the calls of the disk, which ones somebody is killed behind. */
const EVERY = isLong ? 1 : 11;

interface Scenario extends Pick<RunOptions, 'parallelisms' | 'failsWith'> {
  readonly program?: Partial<Program>;
  readonly faults?: (arm: (trigger: Trigger, fault: Fault, left: number) => void, seed: number) => void;
  readonly prepare?: (world: World) => void;
}

/** Every seed holds; all outcomes together, for what the scenario must have brought about. */
async function holds({ program, faults, prepare, ...options }: Scenario, seeds = SEEDS): Promise<readonly SeedOutcome[]> {
  const outcomes: SeedOutcome[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await runSeed(seed, {
      ...options,
      program: { ...PROGRAM, ...program },
      prepare: (world) => {
        prepare?.(world);
        faults?.((trigger, fault, left) => world.faults.arm(trigger, fault, left), seed);
      },
    });
    assert.deepEqual(outcome.violations, [], `seed ${seed}`);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Killed when so many checkpoints are complete, counted from the beginning. */
function killedAfter(...checkpoints: readonly number[]): NonNullable<Scenario['faults']> {
  return (arm) => {
    for (const left of checkpoints) arm('metadata', KILL, left);
  };
}

function sum(outcomes: readonly SeedOutcome[], figure: 'faults' | 'checkpoints' | 'processes' | 'restarts'): number {
  return outcomes.reduce((total, outcome) => total + outcome[figure], 0);
}

const KILL = { kind: 'kill' } as const;

describe('processes that die', () => {
  test('faults 1: a TaskManager is killed between the alignment of a barrier and its acknowledgement', async () => {
    const outcomes = await holds({ faults: (arm, seed) => arm('barrier', { kind: 'task-manager' }, 2 + seed) }, 6);
    assert.ok(sum(outcomes, 'restarts') >= 6);
  });

  test('faults 2: a TaskManager is killed while it restores, three times', async () => {
    const faults: Scenario['faults'] = (arm) => {
      arm('barrier', { kind: 'task-manager' }, 4);
      for (const left of [4, 5, 6]) arm('restore', { kind: 'task-manager' }, left); // the first three are those of the first deployment
    };
    assert.ok(sum(await holds({ faults, parallelisms: [3] }), 'restarts') >= SEEDS * 3);
  });

  for (const kind of ['kill', 'power'] as const) {
    test(`faults 4, 5: ${kind} behind every single call of the disk, before and after the metadata of a checkpoint`, async () => {
      for (let call = 1; call <= 120; call += EVERY) {
        const outcomes = await holds({ faults: (arm) => arm('disk', { kind }, call) }, 1);
        assert.equal(sum(outcomes, 'faults'), 1, `call ${call}`);
      }
    });
  }

  for (const sink of ['two-phase', 'committer', 'files', 'open-files'] as const) {
    test(`faults 12: killed between pre-commit and commit, and when some of several are committed; ${sink}`, async () => {
      const branches = [{ kind: 'records', sink } as const];
      const trigger = sink === 'two-phase' || sink === 'committer' ? 'commit' : 'disk';
      let processes = 0;
      for (const left of [1, 2, 3, 4, 6, 9, 13]) {
        const outcomes = await holds({ program: { branches }, faults: (arm) => arm(trigger, KILL, left), parallelisms: [3, 2] }, 1);
        processes += sum(outcomes, 'processes');
      }
      assert.ok(processes > 10, `${processes} processes`);
      await holds({
        program: { branches },
        faults: killedAfter(1, 1, 1),
        parallelisms: [3, 2, 4, 3],
      });
    });
  }
});

describe('messages', () => {
  const trouble = { kind: 'messages', forMs: 3_000 } as const;

  test('faults 11: notifications that are lost, doubled or out of order', async () => {
    await holds({ faults: (arm) => arm('turn', trouble, 1) }, 10);
  });

  test('faults 15: declines and time-outs race with late acknowledgements', async () => {
    const program = { checkpointTimeoutMs: 60, maxConcurrent: 2, checkpointIntervalMs: 5 };
    await holds(
      {
        program,
        faults: (arm, seed) => {
          arm('turn', trouble, 1);
          arm('acknowledge', KILL, 8 + seed * 3);
        },
      },
      10,
    );
  });

  test('faults 16: barriers that come twice, overtake each other, or belong to a checkpoint that was aborted', async () => {
    await holds(
      {
        program: { checkpointTimeoutMs: 40, maxConcurrent: 2 },
        faults: (arm) => {
          arm('turn', trouble, 1);
          arm('barrier', { kind: 'throw', point: 'process', after: 3 }, 9);
        },
      },
      10,
    );
  });
});

describe('rescaling and channels', () => {
  const pairs = [
    [1, 7],
    [7, 2],
    [5, 12],
    [12, 5],
    [7, 1],
  ] as const;
  for (const [before, after] of pairs) {
    test(`faults 17: restored at ${after} instead of ${before}, over every exchange: hash, rebalance, broadcast, forward, union`, async () => {
      let processes = 0;
      for (const stage of ['none', 'rebalance', 'counted', 'ordered-async'] as const) {
        const branches = [
          { kind: 'broadcast', sink: 'two-phase' },
          { kind: 'sliding', sink: 'files' },
        ] as const;
        const outcomes = await holds(
          {
            program: { sources: [SOURCE, LAZY], stage, branches },
            parallelisms: [before, after],
            faults: (arm) => arm('metadata', KILL, 1),
          },
          1,
        );
        processes += sum(outcomes, 'processes');
      }
      assert.ok(processes > 4, `${processes} processes`);
    });
  }

  test('faults 18: records larger than a buffer, and than all buffers of a channel, around barriers', async () => {
    const sources = [{ ...SOURCE, splits: [12, 9], padding: 90_000 }];
    await holds({
      program: { sources, branches: [{ kind: 'totals', sink: 'two-phase' }] },
      parallelisms: [3, 2],
      faults: (arm) => arm('acknowledge', KILL, 9),
    });
  });

  test('faults 19: back-pressure through two records of buffer, in diamonds and unions', async () => {
    const branches = [
      { kind: 'join', sink: 'two-phase' },
      { kind: 'broadcast', sink: 'files' },
      { kind: 'records', sink: 'committer' },
    ] as const;
    const program = { sources: [SOURCE, LAZY], branches, channelCapacity: 2 };
    await holds({
      program,
      faults: (arm, seed) => {
        arm('turn', { kind: 'throw', point: 'open', after: 1 }, 1);
        arm('barrier', KILL, 2 + seed);
      },
    });
  });
});

describe('what users do', () => {
  test('faults 28: a flood of late records, timestamps before 1970', async () => {
    const sources = [{ ...SOURCE, splits: [120], disorderMs: 600, originMs: -50_000 }];
    await holds(
      {
        program: { sources, stage: 'none', branches: [{ kind: 'late', sink: 'two-phase' }] },
        faults: (arm, seed) => arm('record', KILL, 30 + seed * 11),
      },
      6,
    );
  });

  test('faults 29: a record that always throws ends the job after the restarts that are allowed, and is named', async () => {
    const prepare = ({ faults }: World) => {
      faults.at = (point) => {
        if (point === 'process') throw new Error('injected poison');
      };
    };
    const outcomes = await holds({ program: { restarts: 3 }, prepare, failsWith: /injected poison.*Record: \{"split":\d+,"seq":\d+/s });
    assert.equal(sum(outcomes, 'restarts'), 3 * SEEDS);
  });

  test('faults 33: many timers of one instant across checkpoints and restores, each fires once', async () => {
    const sources = [{ ...SOURCE, keys: 90, splits: [60, 60] }];
    await holds({
      program: { sources, branches: [{ kind: 'timers', sink: 'two-phase' }] },
      faults: (arm, seed) => {
        arm('metadata', KILL, 1);
        arm('barrier', KILL, 6 + seed);
      },
    });
  });

  for (const kind of ['session', 'sliding'] as const) {
    test(`faults 34: ${kind} windows across restores and rescaling`, async () => {
      await holds({
        program: { sources: [SOURCE, LAZY], branches: [{ kind, sink: 'two-phase' }] },
        parallelisms: [2, 3, 1, 4],
        faults: killedAfter(2, 2, 2),
      });
    });
  }
});
