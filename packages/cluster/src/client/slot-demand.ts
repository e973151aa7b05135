import { slotSharingGroupsOf } from '@millrace/streaming/graph/explain-job';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';

/** How many slots a job needs. */
export function slotDemand({ vertices }: JobGraph): number {
  return slotSharingGroupsOf(vertices).reduce((sum, { slots }) => sum + slots, 0);
}
