/**
 * Whether values of a stored type can be read as another type, and how. What was stored is decoded by its own type first, so this is about values, not bytes.
 *
 * M1 nothing is guessed: a conversion never loses what the wanted type could hold, and a field that was removed is dropped only because the program no longer has it.
 * M2 undeclared stored values are held against the wanted type one by one; undeclared wanted ones take everything. What was learned of stored values is not all that they may
 *    be: it refuses what is certainly another type before a value is read, and says which fields come and go.
 */
import { createCodec } from '@millrace/core/types/codec';
import { describeType } from '@millrace/core/types/descriptions';
import type { Codec, FieldDescription, TypeDescription } from '@millrace/core/types/type-information';
import { differencesOf } from './type-differences.ts';

export type Convert = (value: unknown) => unknown;

export type Migration =
  /** `convert` is undefined where values stay as they are. */
  { readonly isPossible: true; readonly convert: Convert | undefined } | { readonly isPossible: false; readonly difference: string };

const SAME: Migration = { isPossible: true, convert: undefined };

/** Every type takes the values of those before it. */
const WIDENING = ['byte', 'short', 'int', 'long', 'float', 'double'];

/** `path` is where the difference would be, for messages: `$.user.name`. */
export function migrationOf(stored: TypeDescription, wanted: TypeDescription, path = '$'): Migration {
  if (wanted.kind === 'shape' || JSON.stringify(stored) === JSON.stringify(wanted)) return SAME;
  if (stored.kind === 'shape') return stored.learned === undefined ? checkedBy(wanted) : ofLearned(stored.learned, wanted, path);
  if (wanted.kind === 'nullable') return nullable(stored.kind === 'nullable' ? stored.type : stored, wanted.type, path);
  switch (stored.kind) {
    case 'row':
      return wanted.kind === 'row' ? ofRows(stored.fields, wanted.fields, path) : refused(stored, wanted, path);
    case 'tuple':
      return wanted.kind === 'tuple' && wanted.elements.length === stored.elements.length
        ? ofTuples(stored.elements, wanted.elements, path)
        : refused(stored, wanted, path);
    case 'list':
    case 'set':
      return wanted.kind === stored.kind ? ofElements(stored, wanted, path) : refused(stored, wanted, path);
    case 'map':
      return wanted.kind === 'map' ? ofMaps(stored, wanted, path) : refused(stored, wanted, path);
    case 'record':
      return wanted.kind === 'record' ? ofRecords(stored.value, wanted.value, path) : refused(stored, wanted, path);
    case 'literal':
    case 'union':
      return ofChoices(stored, wanted, path);
    default:
      return ofScalars(stored, wanted, path);
  }
}

function refused(stored: TypeDescription, wanted: TypeDescription, path: string): Migration {
  return { isPossible: false, difference: `${path} is stored as ${describeType(stored)} and wanted as ${describeType(wanted)}` };
}

function checkedBy(wanted: TypeDescription): Migration {
  const codec = createCodec(wanted);
  return { isPossible: true, convert: (value) => checkedValue(value, codec) };
}

function ofLearned(learned: TypeDescription, wanted: TypeDescription, path: string): Migration {
  const differences = differencesOf(learned, wanted, path);
  if (differences.length > 0) return { isPossible: false, difference: differences.join('; ') };
  const inner = migrationOf(learned, wanted, path);
  if (!inner.isPossible || inner.convert === undefined) return checkedBy(wanted);
  const { convert } = inner;
  const codec = createCodec(wanted);
  return { isPossible: true, convert: (value) => checkedValue(converted(convert, value), codec) };
}

/** A value that was not looked at when the type was learned may be anything: the check of it says what it is. */
function converted(convert: Convert, value: unknown): unknown {
  try {
    return convert(value);
  } catch {
    return value;
  }
}

function checkedValue(value: unknown, codec: Codec<unknown>): unknown {
  codec.check(value);
  return value;
}

function nullable(stored: TypeDescription, wanted: TypeDescription, path: string): Migration {
  const inner = migrationOf(stored, wanted, path);
  if (!inner.isPossible || inner.convert === undefined) return inner;
  const { convert } = inner;
  return { isPossible: true, convert: (value) => (value === null ? null : convert(value)) };
}

function ofScalars(stored: TypeDescription, wanted: TypeDescription, path: string): Migration {
  const from = WIDENING.indexOf(stored.kind);
  const to = WIDENING.indexOf(wanted.kind);
  if (from >= 0 && to >= from) return SAME;
  if (stored.kind === 'typed-array' && wanted.kind === 'typed-array')
    return stored.element === wanted.element ? SAME : refused(stored, wanted, path);
  return stored.kind === wanted.kind && from < 0 && stored.kind !== 'nullable' ? SAME : refused(stored, wanted, path);
}

/** A literal or a union may become a wider one. */
function ofChoices(stored: TypeDescription, wanted: TypeDescription, path: string): Migration {
  if (stored.kind === 'literal') {
    if (wanted.kind === 'literal' && stored.values.every((value) => wanted.values.includes(value))) return SAME;
    const kinds = new Set(stored.values.map((value) => typeof value));
    return kinds.size === 1 && kinds.has(wanted.kind as 'string' | 'boolean') ? SAME : refused(stored, wanted, path);
  }
  if (stored.kind !== 'union' || wanted.kind !== 'union') return refused(stored, wanted, path);
  const known = new Set(wanted.types.map((type) => JSON.stringify(type)));
  return stored.types.every((type) => known.has(JSON.stringify(type))) ? SAME : refused(stored, wanted, path);
}

interface FieldStep {
  readonly name: string;
  readonly convert: Convert | undefined;
  /** The field was stored, though it may be absent. */
  readonly wasStored: boolean;
  readonly isOptional: boolean;
}

/** Added fields are absent or null; removed ones are dropped; the order is that of the wanted type. */
function ofRows(stored: readonly FieldDescription[], wanted: readonly FieldDescription[], path: string): Migration {
  const before = new Map(stored.map((field) => [field.name, field]));
  const steps: FieldStep[] = [];
  for (const field of wanted) {
    const known = before.get(field.name);
    const place = `${path}.${field.name}`;
    const mayBeNull = field.type.kind === 'nullable';
    const isOptional = field.optional === true;
    if (known === undefined) {
      if (!isOptional && !mayBeNull) return { isPossible: false, difference: `${place} is new and neither optional nor nullable` };
      steps.push({ name: field.name, convert: undefined, wasStored: false, isOptional });
      continue;
    }
    if (known.optional === true && !isOptional && !mayBeNull)
      return { isPossible: false, difference: `${place} was optional, and is wanted always` };
    const inner = migrationOf(known.type, field.type, place);
    if (!inner.isPossible) return inner;
    steps.push({ name: field.name, convert: inner.convert, wasStored: true, isOptional });
  }
  return { isPossible: true, convert: (row) => convertedRow(row as Readonly<Record<string, unknown>>, steps) };
}

function convertedRow(row: Readonly<Record<string, unknown>>, steps: readonly FieldStep[]): unknown {
  const converted: Record<string, unknown> = {};
  for (const { name, convert, wasStored, isOptional } of steps) {
    const isThere = wasStored && Object.hasOwn(row, name);
    if (!isThere && isOptional) continue;
    const value = isThere ? row[name] : null;
    Object.defineProperty(converted, name, {
      value: isThere && convert !== undefined && value !== undefined ? convert(value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return converted;
}

function ofTuples(stored: readonly TypeDescription[], wanted: readonly TypeDescription[], path: string): Migration {
  const converts: (Convert | undefined)[] = [];
  for (const [index, type] of stored.entries()) {
    const inner = migrationOf(type, wanted[index] as TypeDescription, `${path}[${index}]`);
    if (!inner.isPossible) return inner;
    converts.push(inner.convert);
  }
  if (converts.every((convert) => convert === undefined)) return SAME;
  return { isPossible: true, convert: (tuple) => (tuple as unknown[]).map((value, index) => converts[index]?.(value) ?? value) };
}

type Collection = TypeDescription & { readonly kind: 'list' | 'set' };

function ofElements(stored: Collection, wanted: TypeDescription, path: string): Migration {
  const inner = migrationOf(stored.element, (wanted as Collection).element, `${path}[]`);
  if (!inner.isPossible || inner.convert === undefined) return inner;
  const { convert } = inner;
  return {
    isPossible: true,
    convert: (all) => (all instanceof Set ? new Set([...all].map(convert)) : (all as unknown[]).map((value) => convert(value))),
  };
}

type MapType = TypeDescription & { readonly kind: 'map' };

function ofMaps(stored: MapType, wanted: MapType, path: string): Migration {
  const keys = migrationOf(stored.key, wanted.key, `${path}.<key>`);
  if (!keys.isPossible) return keys;
  const values = migrationOf(stored.value, wanted.value, `${path}.<value>`);
  if (!values.isPossible || (keys.convert === undefined && values.convert === undefined)) return values;
  const convert: Convert = (map) =>
    new Map([...(map as Map<unknown, unknown>)].map(([key, value]) => [keys.convert?.(key) ?? key, values.convert?.(value) ?? value]));
  return { isPossible: true, convert };
}

function ofRecords(stored: TypeDescription, wanted: TypeDescription, path: string): Migration {
  const inner = migrationOf(stored, wanted, `${path}.<value>`);
  if (!inner.isPossible || inner.convert === undefined) return inner;
  const { convert } = inner;
  return {
    isPossible: true,
    convert: (record) => Object.fromEntries(Object.entries(record as object).map(([name, value]) => [name, convert(value)])),
  };
}
