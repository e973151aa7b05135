/** How fast the figures of one task move. The seconds are the task's own: busy, back-pressured and idle time together are all of it, so no clock is asked. */
import { RateWindow } from '@millrace/core/metrics/rate-window';
import type { TaskRates } from '../protocol/control-messages.ts';
import { TASK_METRIC } from '../protocol/slot-messages.ts';

const WINDOW_MS = 5_000;

export class ExecutionRates {
  readonly #in = new RateWindow(WINDOW_MS);
  readonly #out = new RateWindow(WINDOW_MS);
  readonly #busy = new RateWindow(WINDOW_MS);
  readonly #backPressured = new RateWindow(WINDOW_MS);
  readonly #idle = new RateWindow(WINDOW_MS);
  #hasReport = false;

  report(metrics: readonly number[]): void {
    const figure = (index: number) => metrics[index] ?? 0;
    const [busyMs, backPressuredMs, idleMs] = [TASK_METRIC.busyTimeMs, TASK_METRIC.backPressuredTimeMs, TASK_METRIC.idleTimeMs].map(figure);
    const atMs = (busyMs ?? 0) + (backPressuredMs ?? 0) + (idleMs ?? 0);
    if (atMs === 0) return; // nothing was published yet
    this.#hasReport = true;
    this.#in.report(atMs, figure(TASK_METRIC.numRecordsIn));
    this.#out.report(atMs, figure(TASK_METRIC.numRecordsOut));
    this.#busy.report(atMs, busyMs ?? 0);
    this.#backPressured.report(atMs, backPressuredMs ?? 0);
    this.#idle.report(atMs, idleMs ?? 0);
  }

  get rates(): TaskRates | undefined {
    if (!this.#hasReport) return undefined;
    return {
      numRecordsInPerSecond: this.#in.ratePerSecond,
      numRecordsOutPerSecond: this.#out.ratePerSecond,
      busyTimeMsPerSecond: this.#busy.ratePerSecond,
      backPressuredTimeMsPerSecond: this.#backPressured.ratePerSecond,
      idleTimeMsPerSecond: this.#idle.ratePerSecond,
    };
  }
}
