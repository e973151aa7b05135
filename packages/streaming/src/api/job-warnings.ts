/** Of things in a compiled job that are not wrong, but may not be meant; told when it is submitted. */
import { endlessWaits } from '../graph/bounded-inputs.ts';
import type { CompiledJob, JobConfiguration } from '../graph/job-graph.ts';
import { unreplayableSources } from './unreplayable-sources.ts';

/** The configuration is what the program and whoever runs it have set, whatever became of it in the job. */
export function jobWarnings(job: CompiledJob, { checkpointing }: JobConfiguration): readonly string[] {
  const losesCheckpoints = job.jobGraph.configuration.isBatch === true && checkpointing?.intervalMs !== undefined;
  return [
    ...endlessWaits(job.plan.graph),
    ...unreplayableSources(job),
    ...(losesCheckpoints ? ['The job runs in BATCH mode, which takes no checkpoints: what was set of them is left out.'] : []),
  ];
}
