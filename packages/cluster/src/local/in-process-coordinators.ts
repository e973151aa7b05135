/** The coordinators of a job in the calling thread, for `--single-thread`: the same code as in the isolate, called back in turns of its own. */
import { systemClock } from '@millrace/core/base/clock';
import type {
  CoordinatorListener,
  OperatorCoordinatorProvider,
  OperatorCoordinators,
} from '@millrace/runtime/coordinator/operator-coordinators';
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { JobInformation } from '@millrace/runtime/protocol/deployment';
import { bindProgram } from '../client/bind-program.ts';
import type { BlobDirectory } from './blob-directory.ts';
import { heardBy, orderedOf } from './coordinator-turns.ts';
import { JobCoordinators } from './job-coordinators.ts';

/** The instance of the program that the enumerators come from; subtasks have those from 0. */
const COORDINATOR_INSTANCE = -1;

export class InProcessCoordinators implements OperatorCoordinatorProvider {
  readonly #blobs: BlobDirectory;

  constructor(blobs: BlobDirectory) {
    this.#blobs = blobs;
  }

  start(job: JobInformation, restored: Readonly<Record<string, CoordinatorState>>, listener: CoordinatorListener): OperatorCoordinators {
    const bundlePath = this.#blobs.pathOf(job.program.bundle);
    let open = true;
    const tell = (action: () => void) => queueMicrotask(() => (open ? action() : undefined));
    const coordinators = new JobCoordinators(job, restored, {
      clock: systemClock,
      bind: (information) => bindProgram(information, bundlePath, COORDINATOR_INSTANCE),
      ...heardBy(listener, tell),
    });
    return orderedOf(coordinators, tell, () => {
      open = false;
      coordinators.close();
    });
  }
}
