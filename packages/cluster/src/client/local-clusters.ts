/**
 * The mini clusters of one client. One is started ahead, while the program is still being bundled; more only when a job needs slots that the first has not.
 *
 * M1 a job waits for slots that other jobs of the program hold only where the user has set their number, and is refused where it could wait for ever; without
 *    such a number every job gets the slots it needs.
 * M2 no cluster outlives `close`. One that serves no job is closed after `idleMs`, so that a program ends by itself; the first is kept longer, while the
 *    program starts.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { LocalCluster, LocalClusterOptions } from '../local/local-cluster.ts';

export interface ClusterLease {
  readonly cluster: LocalCluster;
  release(): void;
}

interface Member {
  readonly slots: number;
  readonly started: Promise<LocalCluster>;
  usedSlots: number;
  jobs: number;
}

export type StartCluster = (options: LocalClusterOptions) => Promise<LocalCluster>;

export interface LocalClustersOptions {
  readonly cluster: Omit<LocalClusterOptions, 'slots'>;
  /** The number of slots that the user asked for. */
  readonly pinnedSlots: number | undefined;
  readonly idleMs: number;
  /** Instead of `idleMs` for a program that has just begun. */
  readonly firstJobMs: number;
  readonly start?: StartCluster;
}

export class LocalClusters {
  readonly #options: LocalClustersOptions;
  readonly #start: StartCluster;
  readonly #members = new Set<Member>();
  readonly #closing = new Set<Promise<void>>();
  #idle: NodeJS.Timeout | undefined;

  constructor(options: LocalClustersOptions) {
    this.#options = options;
    this.#start = options.start ?? startLocalCluster;
  }

  /** Begins to start a cluster that the first job will most likely fit, for a program that begins when `loaded` has settled. */
  prepare(likelySlots: number, loaded: Promise<unknown> = Promise.resolve()): void {
    this.#add(this.#options.pinnedSlots ?? likelySlots);
    const idle = () => this.#closeWhenIdle(this.#options.firstJobMs);
    loaded.then(idle, idle);
  }

  /** A cluster with so many free slots (M1). */
  async lease(slots: number): Promise<ClusterLease> {
    clearTimeout(this.#idle);
    const { pinnedSlots } = this.#options;
    if (pinnedSlots !== undefined && slots > pinnedSlots) throw tooFewSlots(slots, pinnedSlots);
    const fitting = [...this.#members].find((member) => pinnedSlots !== undefined || member.slots - member.usedSlots >= slots);
    if (fitting === undefined) for (const member of this.#members) if (member.jobs === 0) this.#close(member);
    const member = fitting ?? this.#add(pinnedSlots ?? slots);
    member.usedSlots += slots;
    member.jobs += 1;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      member.usedSlots -= slots;
      member.jobs -= 1;
      this.#closeWhenIdle();
    };
    try {
      return { cluster: await member.started, release };
    } catch (error) {
      this.#members.delete(member);
      release();
      throw error;
    }
  }

  /** Closes at once what serves no job. A program that does not await `execute` may have a job under way that nobody has seen yet. */
  async closeIdle(): Promise<void> {
    for (const member of this.#members) if (member.jobs === 0) this.#close(member);
    await Promise.all(this.#closing);
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    for (const member of this.#members) this.#close(member);
    await Promise.all(this.#closing);
  }

  #add(slots: number): Member {
    const member: Member = { slots, started: this.#start({ ...this.#options.cluster, slots }), usedSlots: 0, jobs: 0 };
    member.started.catch(() => {}); // reported by the lease that needs it
    this.#members.add(member);
    return member;
  }

  #close(member: Member): void {
    this.#members.delete(member);
    const closed = member.started.then((cluster) => cluster.close()).catch(() => {});
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  /** The timer holds nothing alive by itself: the clusters do, until it fires. */
  #closeWhenIdle(idleMs = this.#options.idleMs): void {
    clearTimeout(this.#idle);
    if (!Number.isFinite(idleMs) || [...this.#members].some((member) => member.jobs > 0)) return;
    this.#idle = setTimeout(() => void this.close(), idleMs);
    this.#idle.unref();
  }
}

/** The parts of a cluster are loaded with the first one: a thread that only binds programs needs none. */
async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const local = await import('../local/local-cluster.ts');
  return local.startLocalCluster(options);
}

function tooFewSlots(needed: number, pinned: number): UsageError {
  return new UsageError(
    `The job needs ${needed} slots, but the TaskManager has ${pinned} (taskmanager.numberOfTaskSlots). Start with --slots ${needed}, leave the number out, or lower the job's parallelism.`,
    { reason: 'too-few-slots' },
  );
}
