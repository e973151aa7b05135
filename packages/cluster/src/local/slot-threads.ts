/** Which thread of a TaskManager runs which subtasks of a job: the slot is the thread (architecture D1). */
import type { JobDetails } from '@millrace/runtime/protocol/control-messages';
import { TASK_METRIC, UNKNOWN_THREAD } from '@millrace/runtime/protocol/slot-messages';
import type { SlotThread } from './local-cluster.ts';

export function slotThreadsOf({ vertices }: Pick<JobDetails, 'vertices'>): readonly SlotThread[] {
  const threads = new Map<string, SlotThread & { readonly subtasks: string[] }>();
  for (const { name, parallelism, subtasks } of vertices) {
    for (const { subtask, location, metrics } of subtasks) {
      if (location === undefined) continue;
      const said = metrics?.[TASK_METRIC.threadId] ?? UNKNOWN_THREAD;
      const threadId = said === UNKNOWN_THREAD ? undefined : said;
      const { taskManagerId, slot } = location;
      const key = `${taskManagerId} ${slot} ${threadId}`; // two threads in one slot, one after the other, are two
      const known = threads.get(key) ?? { taskManagerId, slot, threadId, subtasks: [] };
      threads.set(key, known);
      known.subtasks.push(`${name} (${subtask + 1}/${parallelism})`);
    }
  }
  return [...threads.values()].sort((a, b) => a.taskManagerId.localeCompare(b.taskManagerId) || a.slot - b.slot);
}
