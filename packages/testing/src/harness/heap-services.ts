/** The runtime's own keyed state and timers for benches of operators, under a clock that the test moves. */
import type { TypeInformation } from '@millrace/core/types/type-information';
import { OperatorServices } from '@millrace/runtime/task/operator-services';
import type { BenchPorts, BenchServices } from '@millrace/streaming/operators/testing-fakes';

interface WakeUp {
  readonly at: number;
  readonly action: () => void;
}

export class HeapServices {
  now = 0;
  #wakeUps: WakeUp[] = [];
  #services: OperatorServices | undefined = undefined;
  readonly #key: { readonly type: TypeInformation<unknown> | undefined } | undefined;

  /** Without a key, keyed state and timers are refused, as in a task. */
  constructor(key: { readonly type: TypeInformation<unknown> | undefined } | undefined) {
    this.#key = key;
  }

  readonly services = ({ flow, mail }: BenchPorts): BenchServices => {
    const schedule = (delayMs: number, action: () => void) => {
      const wakeUp = { at: this.now + delayMs, action };
      this.#wakeUps.push(wakeUp);
      const cancel = () => {
        this.#wakeUps = this.#wakeUps.filter((each) => each !== wakeUp);
      };
      return { cancel };
    };
    const services = new OperatorServices({
      key: this.#key,
      flow,
      freeze: undefined,
      currentProcessingTime: () => this.now,
      mail,
      schedule,
    });
    this.#services = services;
    return {
      get keyedState() {
        return services.keyedState;
      },
      get operatorState() {
        return services.operatorState;
      },
      timers: (name, triggerable, namespaces) => services.timers(name, triggerable, namespaces),
      schedule,
    };
  };

  /** Moves the clock and wakes who is due; what is suspended then, the bench settles. */
  advanceTo(now: number): void {
    this.now = now;
    const due = this.#wakeUps.filter((wakeUp) => wakeUp.at <= now);
    this.#wakeUps = this.#wakeUps.filter((wakeUp) => wakeUp.at > now);
    for (const { action } of due) action();
  }

  /** The input has ended. */
  quiesce(): void {
    this.#services?.quiesce();
  }
}
