/** The coordinator isolate of a job: the real coordinators, orders and answers on their way as messages. */
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type {
  CoordinatorListener,
  OperatorCoordinatorProvider,
  OperatorCoordinators,
} from '@millrace/runtime/coordinator/operator-coordinators';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import type { JobBindings } from '@millrace/streaming/graph/job-graph';
import { heardBy, orderedOf } from 'millrace/local/coordinator-turns';
import { JobCoordinators } from 'millrace/local/job-coordinators';
import { Isolate } from './isolate.ts';
import type { Scheduler } from './scheduler.ts';

export class SimulatedCoordinators implements OperatorCoordinatorProvider {
  readonly #process: Isolate;
  readonly #scheduler: Scheduler;
  readonly #bind: () => JobBindings;
  #started = 0;

  constructor(process: Isolate, scheduler: Scheduler, bind: () => JobBindings) {
    this.#process = process;
    this.#scheduler = scheduler;
    this.#bind = bind;
  }

  start(job: JobInformation, restored: Readonly<Record<string, CoordinatorState>>, listener: CoordinatorListener): OperatorCoordinators {
    const isolate = new Isolate('coordinators', this.#process.clock, this.#process);
    const name = `coordinators-${++this.#started}`;
    const tell = (action: () => void) => this.#scheduler.enqueue(`${name}>jobmaster`, isolate, () => this.#process.run(action));
    const order = (action: () => void) => this.#scheduler.enqueue(`jobmaster>${name}`, isolate, () => isolate.run(action));
    const coordinators = isolate.run(
      () =>
        new JobCoordinators(job, restored, {
          clock: isolate.clock,
          bind: () => Promise.resolve(this.#bind()),
          ...heardBy(listener, tell),
        }),
    );
    return orderedOf(coordinators, order, () => isolate.kill());
  }
}
