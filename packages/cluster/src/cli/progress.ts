/**
 * The figures of the running jobs on a terminal, redrawn a few times a second. Everything that is printed meanwhile goes above them: the block is taken away
 * before and drawn again at the next tick.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import type { MonitoredJob } from '../client/job-monitor.ts';
import type { VertexFigures } from '../local/local-cluster.ts';

const INTERVAL_MS = 250;
const LAST_WATERMARK = Number.MAX_SAFE_INTEGER;
const ERASE_LINE_ABOVE = '\u001b[1A\u001b[2K';

export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
}

export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #jobs = new Set<MonitoredJob>();
  readonly #last = new Map<string, { readonly records: number; readonly atMs: number }>();
  #lines = 0;
  #timer: Cancellation | undefined;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
  }

  add(job: MonitoredJob): void {
    this.#jobs.add(job);
    this.#timer ??= this.#clock.schedule(INTERVAL_MS, () => this.#tick());
  }

  remove(job: MonitoredJob): void {
    this.#jobs.delete(job);
    if (this.#jobs.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.clear();
  }

  /** Call before anything else is written to the terminal. */
  clear(): void {
    if (this.#lines === 0) return;
    this.#terminal.write(ERASE_LINE_ABOVE.repeat(this.#lines));
    this.#lines = 0;
  }

  #tick(): void {
    this.clear();
    const lines = [...this.#jobs].flatMap((job) => this.#linesOf(job));
    this.#lines = lines.length;
    this.#terminal.write(lines.map((line) => `${line}\n`).join(''));
    this.#timer = this.#clock.schedule(INTERVAL_MS, () => this.#tick());
  }

  #linesOf(job: MonitoredJob): readonly string[] {
    const figures = job.figures();
    const width = Math.min(48, Math.max(...figures.map(({ name }) => name.length), 1));
    return [
      `${job.name}: ${stateText(job, this.#clock.now())}`,
      ...figures.map((vertex) => `  ${this.#lineOf(job.jobId, vertex, width)}`),
    ].map((line) => this.#fit(line));
  }

  #lineOf(jobId: string, vertex: VertexFigures, width: number): string {
    // A source takes nothing in and a sink gives nothing out: the greater figure is the one that moves.
    const records = Math.max(vertex.recordsIn, vertex.recordsOut);
    const atMs = this.#clock.monotonic();
    const key = `${jobId} ${vertex.id}`;
    const before = this.#last.get(key);
    this.#last.set(key, { records, atMs });
    const perSecond =
      before === undefined || atMs === before.atMs ? 0 : Math.round(((records - before.records) * 1000) / (atMs - before.atMs));
    const name = vertex.name.length > width ? `${vertex.name.slice(0, width - 1)}…` : vertex.name.padEnd(width);
    return `${name} ×${vertex.parallelism}  ${grouped(records)} records  ${grouped(perSecond)}/s  watermark ${watermarkText(vertex.watermark)}`;
  }

  /** A line that wraps would be two when it is taken away. */
  #fit(line: string): string {
    const columns = this.#terminal.columns || 80; // 0 from a terminal that does not know
    return line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
  }
}

/** `RUNNING, 2 restarts, checkpoint 17 (4 s ago, 1,024 bytes)` */
function stateText(job: MonitoredJob, now: number): string {
  const { status, restarts, checkpoints, backPressureCulprit } = job.progress();
  const latest = checkpoints?.latestCompleted;
  return [
    job.state === 'RUNNING' ? status : job.state,
    ...(restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`]),
    ...(backPressureCulprit === undefined ? [] : [`back-pressure by '${backPressureCulprit}'`]),
    ...(latest === undefined
      ? []
      : [
          `checkpoint ${latest.id} (${Math.round((now - latest.triggerTime - latest.durationMs) / 1000)} s ago, ${grouped(latest.stateSizeBytes)} bytes)`,
        ]),
    ...(checkpoints === undefined || checkpoints.counts.failed === 0 ? [] : [`${checkpoints.counts.failed} failed`]),
  ].join(', ');
}

function grouped(amount: number): string {
  return amount.toLocaleString('en-US');
}

export function watermarkText(watermark: number | undefined): string {
  if (watermark === undefined || watermark === Number.MIN_SAFE_INTEGER) return '-';
  if (watermark >= LAST_WATERMARK) return 'end of input';
  const date = new Date(watermark);
  return Number.isNaN(date.getTime()) ? String(watermark) : date.toISOString();
}
