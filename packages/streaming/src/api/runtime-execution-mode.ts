import { UsageError } from '@millrace/core/base/errors';
import { show } from './function-checks.ts';

/** How a job runs over its inputs. Flink: "Execution Mode". */
export type RuntimeExecutionMode = 'STREAMING' | 'BATCH' | 'AUTOMATIC';
export const RuntimeExecutionMode: { readonly [M in RuntimeExecutionMode]: M } = {
  STREAMING: 'STREAMING',
  BATCH: 'BATCH',
  AUTOMATIC: 'AUTOMATIC',
};

export function checkRuntimeMode(mode: RuntimeExecutionMode): RuntimeExecutionMode {
  if (Object.hasOwn(RuntimeExecutionMode, mode)) return mode;
  throw new UsageError(`env.setRuntimeMode got ${show(mode)}. Give it 'STREAMING', 'BATCH' or 'AUTOMATIC'.`);
}
