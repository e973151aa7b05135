/** The RPC router of a process of the local cluster. */
import { systemClock } from '@millrace/core/base/clock';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import { RpcRouter } from '@millrace/runtime/protocol/rpc-router';

/** Microtasks run in the order in which they were queued, which keeps the order of every pair. */
export function createRouter(name: string, report: (failure: FailureDescription) => void): RpcRouter {
  return new RpcRouter({ clock: systemClock, name, report, deliver: (_from, _to, action) => queueMicrotask(action) });
}

/** What nobody waits for: news for those that have ended is usual when jobs end, anything else is worth a line when it is asked for. */
export function reportQuietly({ reason, message }: FailureDescription): void {
  if (reason === 'unreachable' || reason === 'stale-leader') return;
  process.stderr.write(`millrace: ${message}\n`);
}
