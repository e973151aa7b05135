import type { JobGraph } from '@millrace/streaming/graph/job-graph';

/** How many slots a job needs: vertices of one slot sharing group share, so each group needs as many as its widest vertex. Flink: "Task slots". */
export function slotDemand({ vertices }: JobGraph): number {
  const byGroup = new Map<string, number>();
  for (const { slotSharingGroup, parallelism } of vertices) {
    byGroup.set(slotSharingGroup, Math.max(byGroup.get(slotSharingGroup) ?? 0, parallelism));
  }
  return [...byGroup.values()].reduce((sum, slots) => sum + slots, 0);
}
