/**
 * Where values of one type would be taken for something else by who expects another type: for types that were learned, which know only what occurred.
 *
 * TD1 nothing is claimed that is not certain: a field that one side never had, null, what was not learned and types that overlap are no difference.
 */
import { describeType } from '@millrace/core/types/descriptions';
import type { FieldDescription, TypeDescription } from '@millrace/core/types/type-information';

/** `path` is where `stored` is: `value`, `value.user`. A line for each difference; none where there is nothing that is certainly wrong. */
export function differencesOf(stored: TypeDescription, program: TypeDescription, path: string): readonly string[] {
  const before = alternativesOf(stored);
  const after = alternativesOf(program);
  if (before.length === 0 || after.length === 0 || [...before, ...after].some(({ kind }) => kind === 'shape')) return [];
  const kinds = new Set(before.map(categoryOf));
  if (!after.some((type) => kinds.has(categoryOf(type)))) return [differing(path, wordsOf(stored), wordsOf(program))];
  const [one, other] = [before[0], after[0]];
  return before.length === 1 && after.length === 1 && one !== undefined && other !== undefined ? insideOf(one, other, path) : [];
}

function differing(path: string, stored: string, program: string): string {
  return `${path} is stored as ${stored} and the program has ${program}`;
}

/** Where a type was learned, the path says no more than what occurred. */
function wordsOf(type: TypeDescription): string {
  return describeType(type.kind === 'shape' ? (type.learned ?? type) : type);
}

function insideOf(stored: TypeDescription, program: TypeDescription, path: string): readonly string[] {
  if (stored.kind === 'row' && program.kind === 'row') return ofRows(stored.fields, program.fields, path);
  if ((stored.kind === 'list' || stored.kind === 'set') && program.kind === stored.kind)
    return differencesOf(stored.element, program.element, `${path}[]`);
  if (stored.kind === 'map' && program.kind === 'map')
    return [...differencesOf(stored.key, program.key, `${path}.<key>`), ...differencesOf(stored.value, program.value, `${path}.<value>`)];
  if (stored.kind === 'record' && program.kind === 'record') return differencesOf(stored.value, program.value, `${path}.<value>`);
  return [];
}

/** Fields may come and go, but not all of them at once: that is another object. */
function ofRows(stored: readonly FieldDescription[], program: readonly FieldDescription[], path: string): readonly string[] {
  const after = new Map(program.map((field) => [field.name, field.type]));
  const common = stored.filter(({ name }) => after.has(name));
  if (common.length === 0 && stored.length > 0 && program.length > 0) return [differing(path, namesOf(stored), namesOf(program))];
  return common.flatMap(({ name, type }) => differencesOf(type, after.get(name) as TypeDescription, `${path}.${name}`));
}

function namesOf(fields: readonly FieldDescription[]): string {
  return `an object of ${fields.map(({ name }) => name).join(', ')}`;
}

/** Without null and undefined, which are nowhere a difference. */
function alternativesOf(type: TypeDescription): readonly TypeDescription[] {
  switch (type.kind) {
    case 'null':
    case 'undefined':
      return [];
    case 'nullable':
      return alternativesOf(type.type);
    case 'union':
      return type.types.flatMap(alternativesOf);
    case 'literal':
      return type.values.flatMap((value) => (value === null ? [] : [{ kind: LITERALS[typeof value as keyof typeof LITERALS] }]));
    case 'shape':
      return type.learned === undefined ? [type] : alternativesOf(type.learned);
    default:
      return [type];
  }
}

const LITERALS = { string: 'string', number: 'double', boolean: 'boolean' } as const;

/** What a program could not tell apart by using it is one. */
const CATEGORIES: Readonly<Partial<Record<TypeDescription['kind'], string>>> = {
  byte: 'number',
  short: 'number',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  row: 'object',
  record: 'object',
  tuple: 'list',
};

function categoryOf(type: TypeDescription): string {
  return type.kind === 'typed-array' ? type.element : (CATEGORIES[type.kind] ?? type.kind);
}
