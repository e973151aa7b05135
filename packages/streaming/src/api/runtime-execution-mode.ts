/** How a job runs over its inputs. Flink: "Execution Mode". */
export type RuntimeExecutionMode = 'STREAMING' | 'BATCH' | 'AUTOMATIC';
export const RuntimeExecutionMode: { readonly [M in RuntimeExecutionMode]: M } = {
  STREAMING: 'STREAMING',
  BATCH: 'BATCH',
  AUTOMATIC: 'AUTOMATIC',
};
