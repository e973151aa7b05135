import { UsageError } from '../base/errors.ts';
import { SHAPE } from './descriptions.ts';
import type { FieldDescription, TypeDescription } from './type-information.ts';

/** Describes the values of a JSON Schema (drafts 7 to 2020-12). What only narrows (`minimum`, `pattern`) does not matter to a codec. */
interface Schema {
  readonly [keyword: string]: unknown;
}

/** Schemas that refer to themselves have no end; below this depth the rest is learned from the records. */
const MAX_DEPTH = 32;

export function describeJsonSchema(schema: object): TypeDescription {
  return describe(schema as Schema, { root: schema as Schema, depth: 0 });
}

interface Place {
  readonly root: Schema;
  readonly depth: number;
}

function describe(schema: unknown, place: Place): TypeDescription {
  if (typeof schema !== 'object' || schema === null || place.depth > MAX_DEPTH) return SHAPE;
  const inside = { root: place.root, depth: place.depth + 1 };
  const node = schema as Schema;
  if (typeof node['$ref'] === 'string') return describe(resolve(node['$ref'], place.root), inside);
  if ('const' in node) return literalOf([node['const']]);
  if (Array.isArray(node['enum'])) return literalOf(node['enum']);
  const choices = node['anyOf'] ?? node['oneOf'];
  if (Array.isArray(choices)) return unionOf(choices.map((choice) => describe(choice, inside)));
  if (Array.isArray(node['type'])) return unionOf(node['type'].map((type) => describe({ ...node, type }, inside)));
  return describeTyped(node, inside);
}

function describeTyped(node: Schema, place: Place): TypeDescription {
  switch (node['type']) {
    case 'string':
      return { kind: 'string' };
    case 'number':
      return { kind: 'double', logical: 'DOUBLE' };
    case 'integer':
      return { kind: 'long', logical: 'BIGINT' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'null':
      return { kind: 'null' };
    case 'array':
      return describeArray(node, place);
    case 'object':
      return describeObject(node, place);
    default:
      return SHAPE;
  }
}

/** `prefixItems` of a fixed length is a tuple. */
function describeArray(node: Schema, place: Place): TypeDescription {
  const prefix = node['prefixItems'];
  if (!Array.isArray(prefix)) return { kind: 'list', element: describe(node['items'], place) };
  const fixed = node['items'] === false && node['minItems'] === prefix.length;
  return fixed ? { kind: 'tuple', elements: prefix.map((item) => describe(item, place)) } : SHAPE;
}

/** Without properties it is a dictionary; with properties, and further ones allowed by name, its fields are not all known. */
function describeObject(node: Schema, place: Place): TypeDescription {
  const further = node['additionalProperties'];
  if (typeof node['properties'] !== 'object' || node['properties'] === null) return { kind: 'record', value: describe(further, place) };
  if (further === true || typeof further === 'object' || node['patternProperties'] !== undefined) return SHAPE;
  const required = new Set(Array.isArray(node['required']) ? node['required'] : []);
  const fields = Object.entries(node['properties']).map(([name, type]): FieldDescription => {
    const field = { name, type: describe(type, place) };
    return required.has(name) ? field : { ...field, optional: true };
  });
  return { kind: 'row', fields };
}

function resolve(reference: string, root: Schema): unknown {
  if (!reference.startsWith('#')) {
    throw new UsageError(
      `The JSON Schema refers to ${reference}. Only references into the same schema (#/$defs/…) are followed: put the part that is meant into $defs.`,
    );
  }
  const steps = reference.slice(1).split('/').slice(1);
  const target = steps.reduce<unknown>((node, step) => {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as Schema)[key] : undefined;
  }, root);
  if (target === undefined)
    throw new UsageError(
      `The JSON Schema refers to ${reference}, which it does not contain. Correct the reference, or add the part to $defs.`,
    );
  return target;
}

function literalOf(values: readonly unknown[]): TypeDescription {
  const plain = values.filter(
    (value): value is string | number | boolean | null => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return plain.length === values.length && values.length > 0 ? { kind: 'literal', values: plain } : SHAPE;
}

function unionOf(types: readonly TypeDescription[]): TypeDescription {
  const others = types.filter((type) => type.kind !== 'null');
  const written: TypeDescription = others.length === 1 ? others[0]! : { kind: 'union', types: others };
  if (types.length === 0 || others.length === 0) return types[0] ?? SHAPE;
  return others.length < types.length ? { kind: 'nullable', type: written } : written;
}
