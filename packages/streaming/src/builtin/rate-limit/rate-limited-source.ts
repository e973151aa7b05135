import { UsageError } from '@millrace/core/base/errors';
import type { RateLimiterStrategy } from '../../contract/rate-limiter.ts';
import type { Source, SourceReaderContext, SplitEnumeratorContext } from '../../contract/source.ts';
import { RateLimitedReader } from './rate-limited-reader.ts';

/**
 * Any source, held back to a rate. Splits, state and their formats are those of the source, so one may be put in the place of the other between two runs of a job.
 *
 * ```ts
 * env.fromSource(rateLimited(source, RateLimiterStrategies.perSecond(1_000)), WatermarkStrategy.noWatermarks(), 'slowly');
 * ```
 */
export function rateLimited<T, Split, EnumeratorState>(
  source: Source<T, Split, EnumeratorState>,
  strategy: RateLimiterStrategy,
): Source<T, Split, EnumeratorState> {
  if (typeof strategy?.createRateLimiter !== 'function')
    throw new UsageError('rateLimited got no strategy. Give it RateLimiterStrategies.perSecond(n), or an object with createRateLimiter.');
  const { type, submitWarnings } = source as { readonly type?: unknown; readonly submitWarnings?: readonly string[] };
  return {
    ...(type === undefined ? {} : { type }),
    ...(submitWarnings === undefined ? {} : { submitWarnings }),
    ...(source.isReplayable === undefined ? {} : { isReplayable: source.isReplayable }),
    getBoundedness: () => source.getBoundedness(),
    createReader: (context: SourceReaderContext) => new RateLimitedReader(context, source.createReader(context), strategy),
    createEnumerator: (context: SplitEnumeratorContext<Split>) => source.createEnumerator(context),
    restoreEnumerator: (context: SplitEnumeratorContext<Split>, state: EnumeratorState) => source.restoreEnumerator(context, state),
    splitSerializer: () => source.splitSerializer(),
    enumeratorStateSerializer: () => source.enumeratorStateSerializer(),
  };
}
