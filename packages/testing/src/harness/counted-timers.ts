/** The timer services of one operator, for whoever wants to know how many timers it has. */
import type { InternalTimerService } from '@millrace/streaming/contract/timers';

interface Counts {
  readonly numEventTimeTimers: number;
  readonly numProcessingTimeTimers: number;
}

export class CountedTimers {
  readonly #services: Counts[] = [];

  add<N>(service: InternalTimerService<N>): InternalTimerService<N> {
    this.#services.push(service);
    return service;
  }

  get numEventTimeTimers(): number {
    return this.#services.reduce((sum, service) => sum + service.numEventTimeTimers, 0);
  }

  get numProcessingTimeTimers(): number {
    return this.#services.reduce((sum, service) => sum + service.numProcessingTimeTimers, 0);
  }
}
