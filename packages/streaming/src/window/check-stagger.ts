import { UsageError } from '@millrace/core/base/errors';
import type { WindowStagger } from './window-assigner.ts';

const STAGGERS: readonly WindowStagger[] = ['ALIGNED', 'RANDOM', 'NATURAL'];

export function checkStagger(stagger: WindowStagger, where: string): void {
  if (!STAGGERS.includes(stagger))
    throw new UsageError(`${where} got the stagger ${JSON.stringify(stagger)}. Give one of ${STAGGERS.join(', ')}.`);
}
