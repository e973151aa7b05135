import { DataError, UsageError } from '../base/errors.ts';
import { SHAPE } from './descriptions.ts';
import { describeJsonSchema } from './schema-json.ts';
import { describeZod } from './schema-zod.ts';
import type { TypeDescription } from './type-information.ts';

/** The part of Standard Schema (zod, valibot, arktype …) that is read here. */
export interface StandardSchema<out T> {
  readonly '~standard': { readonly version: 1; readonly vendor: string; readonly types?: { readonly output: T } | undefined };
}

/** The part of JSON Schema that a description is made of; other keywords only narrow what validates. */
export interface JsonSchema {
  readonly $schema?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly [keyword: string]: unknown;
}

/** What a schema says of its values, as far as it can be read; the rest is learned from the records (`SHAPE`). */
export function describeSchema(schema: StandardSchema<unknown> | JsonSchema): TypeDescription {
  // A JSON Schema that a library made may carry the library's validator.
  if (!isStandardSchema(schema) || typeof (schema as { $schema?: unknown }).$schema === 'string') return describeJsonSchema(schema);
  return schema['~standard'].vendor === 'zod' ? describeZod(schema) : SHAPE;
}

/** Of a Standard Schema that can validate; a plain JSON Schema is only described, and the codec's own checks hold its values to it. */
export function validatorOfSchema<T>(schema: StandardSchema<T> | JsonSchema): ((value: unknown) => T) | undefined {
  if (!isStandardSchema(schema)) return undefined;
  const standard = schema['~standard'] as StandardSchema<T>['~standard'] & { readonly validate?: (value: unknown) => unknown };
  if (typeof standard.validate !== 'function') return undefined;
  return (value) => outcomeOf<T>(standard.validate!(value), standard.vendor);
}

function isStandardSchema(schema: StandardSchema<unknown> | JsonSchema): schema is StandardSchema<unknown> {
  if ((typeof schema === 'object' && schema !== null) || typeof schema === 'function')
    return '~standard' in schema && schema['~standard'] !== undefined;
  throw new UsageError(
    `Types.schema() takes a Standard Schema (zod, valibot, arktype …) or a JSON Schema, not ${schema === null ? 'null' : typeof schema}. Give one, or use Types.row({ … }).`,
  );
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

function outcomeOf<T>(result: unknown, vendor: string): T {
  if (typeof (result as { then?: unknown }).then === 'function') {
    throw new UsageError(
      `The ${vendor} schema validates asynchronously, and records are validated one after another without waiting. Leave the asynchronous refinement or ` +
        'transformation out of the schema and check it in an AsyncDataStream.',
    );
  }
  const { issues, value } = result as { readonly issues?: readonly Issue[]; readonly value?: unknown };
  if (issues === undefined) return value as T;
  throw new DataError(
    `The value does not fit the ${vendor} schema: ${issues.map((issue) => `${pathOf(issue)}: ${issue.message}`).join('; ')}.`,
    { reason: 'schema' },
  );
}

function pathOf(issue: Issue): string {
  return (issue.path ?? []).reduce<string>((path, step) => {
    const key = typeof step === 'object' ? step.key : step;
    return typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`;
  }, '$');
}
