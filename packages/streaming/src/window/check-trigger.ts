import { UsageError } from '@millrace/core/base/errors';
import { Trigger } from './trigger.ts';

export function checkTrigger(trigger: unknown, where: string): void {
  if (trigger instanceof Trigger) return;
  const seen =
    typeof trigger === 'function'
      ? 'a function or class'
      : typeof trigger === 'object' && trigger !== null
        ? 'another object'
        : String(trigger);
  throw new UsageError(
    `${where} got ${seen}, which is no trigger. Give it one, for example CountTrigger.of(100), or an instance of a class that extends Trigger.`,
  );
}
