/** Where what is emitted beyond the credit goes in this task: as much memory as the slot's settings give, then files. */
import { createCodec } from '@millrace/core/types/codec';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { BacklogOptions } from '../network/backlog.ts';
import { RecordSpill } from '../network/record-spill.ts';
import type { PlannedStep } from './chain-plan.ts';
import { openSpillFile } from './node/spill-files.ts';
import { type TaskEnvironment, taskNameOf } from './task-environment.ts';

/** For records of `type`; `place` is what they wait for, for the name of the file. */
export function backlogOf(environment: TaskEnvironment, type: TypeDescription, place: string): BacklogOptions {
  const { ports, job } = environment;
  const { openSpill = openSpillFile, overdraftMemoryBytes } = ports;
  const onWarning = (text: string) => environment.post({ type: 'output', stream: 'stderr', text: `${taskNameOf(environment)}: ${text}\n` });
  const open = () =>
    new RecordSpill({
      name: `${taskNameOf(environment)} ${place}`,
      codec: createCodec(type, { maxShapes: job.jobGraph.configuration.maxShapesPerEdge, onWarning }),
      openSpill,
    });
  return { openSpill: open, ...(overdraftMemoryBytes === undefined ? {} : { memoryCapBytes: overdraftMemoryBytes }) };
}

/** What a chain's head waits with came from a channel, which then stops; behind it a `Collector` may go on. Inside a chain only a declared type is known. */
export function backlogBefore(environment: TaskEnvironment, { index, operator }: PlannedStep): BacklogOptions {
  return index === 0 ? {} : backlogOf(environment, operator.inputType ?? { kind: 'shape' }, `before ${operator.name}`);
}
