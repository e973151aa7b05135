/** From the entries of a stored keyed state to those that the program wants, or the refusal. */
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { KeyedStateSchema } from '../../checkpoint/state-handles.ts';
import { describeSchema, refusedState } from './describe-state.ts';
import { Timed } from './entry-codec.ts';
import { type Convert, migrationOf } from './type-migration.ts';

export interface EntryMigration {
  readonly key: Convert;
  readonly namespace: Convert;
  readonly value: Convert;
}

/** Undefined where every entry stays as it is. Throws for what cannot be (R3 of restored-states.ts). */
export function entryMigrationOf(stored: KeyedStateSchema, wanted: KeyedStateSchema, now: number): EntryMigration | undefined {
  if (stored.kind !== wanted.kind) throw refused(stored, wanted, undefined);
  const key = converterOf(stored, wanted, 'keyType');
  const namespace = converterOf(stored, wanted, 'namespaceType');
  const name = converterOf(stored, wanted, 'nameType');
  const single = converterOf(stored, wanted, 'valueType');
  const value = valueConverter(stored, wanted, { name, single, now });
  if (key === undefined && namespace === undefined && value === undefined) return undefined;
  return { key: key ?? same, namespace: namespace ?? same, value: value ?? same };
}

function converterOf(
  stored: KeyedStateSchema,
  wanted: KeyedStateSchema,
  part: 'keyType' | 'namespaceType' | 'nameType' | 'valueType',
): Convert | undefined {
  const from = stored[part];
  const to = wanted[part];
  if (from === undefined || to === undefined) {
    if (from !== to) throw refused(stored, wanted, undefined);
    return undefined;
  }
  const migration = migrationOf(from as TypeDescription, to as TypeDescription, PLACES[part]);
  if (!migration.isPossible) throw refused(stored, wanted, migration.difference);
  return migration.convert;
}

const PLACES = { keyType: 'key', namespaceType: 'namespace', nameType: 'name', valueType: 'value' } as const;

interface ValueParts {
  readonly name: Convert | undefined;
  readonly single: Convert | undefined;
  readonly now: number;
}

function valueConverter(stored: KeyedStateSchema, wanted: KeyedStateSchema, { name, single, now }: ValueParts): Convert | undefined {
  const ofOne = timedConverter(stored.hasTtl === true, wanted.hasTtl === true, { single, now });
  if (name === undefined && ofOne === undefined) return undefined;
  const value = ofOne ?? same;
  if (stored.kind === 'list') return (list) => (list as unknown[]).map(value);
  if (stored.nameType === undefined) return value;
  const names = name ?? same;
  return (entries) => (entries as [unknown, unknown][]).map(([each, content]) => [names(each), value(content)]);
}

/** A state that gets a time to live begins with all of its values used now; one that loses it keeps the values. */
function timedConverter(wasTimed: boolean, isTimed: boolean, { single, now }: Omit<ValueParts, 'name'>): Convert | undefined {
  const convert = single ?? same;
  if (wasTimed && isTimed) {
    if (single === undefined) return undefined;
    return (timed) => new Timed(convert((timed as Timed<unknown>).value), (timed as Timed<unknown>).time);
  }
  if (wasTimed) return (timed) => convert((timed as Timed<unknown>).value);
  return isTimed ? (value) => new Timed(convert(value), now) : single;
}

function same(value: unknown): unknown {
  return value;
}

function refused(stored: KeyedStateSchema, wanted: KeyedStateSchema, difference: string | undefined): Error {
  return refusedState(wanted.name, describeSchema(stored), describeSchema(wanted), difference);
}
