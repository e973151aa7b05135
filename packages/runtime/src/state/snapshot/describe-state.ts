/** How messages speak of states. */
import { UsageError } from '@millrace/core/base/errors';
import { describeType } from '@millrace/core/types/descriptions';
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { KeyedStateSchema } from '../../checkpoint/state-handles.ts';

export function describeSchema({ kind, keyType, nameType, valueType, hasTtl }: KeyedStateSchema): string {
  const types = [nameType, valueType].filter((type): type is TypeDescription => type !== undefined).map(describeType);
  const values = types.length === 0 ? '' : ` of ${types.join(' to ')}`;
  return `${kind.endsWith('timers') ? kind : `${kind} state`}${values} by ${describeType(keyType)}${hasTtl === true ? ' with a time to live' : ''}`;
}

export function refusedState(name: string, stored: string, wanted: string, difference: string | undefined): UsageError {
  const why = difference === undefined ? '' : ` (${difference})`;
  return new UsageError(
    `State '${name}' cannot be restored: the checkpoint has ${stored}, and the program wants ${wanted}${why}. Keep the kind and a compatible type (fields may be added as optional ` +
      'or nullable, removed, and widened from INT to LONG to DOUBLE), or give the new state another name.',
    { reason: 'state-incompatible' },
  );
}
