/** The text of what `scalars.ts` does: tests and accesses of values of fixed size in generated code. */
import { unreachable } from '../base/assert.ts';
import type { ScalarKind } from './scalars.ts';

/** An expression that is true when `name` must be refused. What it may throw for a bigint or a symbol is a refusal as well. */
export function testText(kind: ScalarKind, name: string): string {
  switch (kind) {
    case 'boolean':
      return `typeof ${name} !== 'boolean'`;
    case 'byte':
      return `(${name} << 24 >> 24) !== ${name}`;
    case 'short':
      return `(${name} << 16 >> 16) !== ${name}`;
    case 'int':
      return `(${name} | 0) !== ${name}`;
    case 'long':
      return `!Number.isSafeInteger(${name})`;
    case 'float':
    case 'double':
      return `typeof ${name} !== 'number'`;
    case 'date':
      return `!(${name} instanceof Date) || Object.getPrototypeOf(${name}) !== Date.prototype`;
    case 'null':
    case 'undefined':
      return `${name} !== ${kind}`;
    default:
      return unreachable(kind, 'testText');
  }
}

export function putText(kind: ScalarKind, name: string, view: string, position: string): string {
  switch (kind) {
    case 'boolean':
      return `${view}.setUint8(${position}, ${name} ? 1 : 0);`;
    case 'byte':
      return `${view}.setInt8(${position}, ${name});`;
    case 'short':
      return `${view}.setInt16(${position}, ${name}, true);`;
    case 'int':
      return `${view}.setInt32(${position}, ${name}, true);`;
    case 'long':
      return `${view}.setFloat64(${position}, ${name} + 0, true);`;
    case 'float':
    case 'double':
      return `${view}.setFloat64(${position}, ${name}, true);`;
    case 'date':
      return `${view}.setFloat64(${position}, ${name}.getTime(), true);`;
    case 'null':
    case 'undefined':
      return `${view}.setUint8(${position}, 0);`;
    default:
      return unreachable(kind, 'putText');
  }
}

/** An expression of the value at `position`; `booleanAt` is the name of the function that reads and checks a boolean. */
export function getText(kind: ScalarKind, position: string, booleanAt: string): string {
  switch (kind) {
    case 'boolean':
      return `${booleanAt}(input, ${position})`;
    case 'byte':
      return `view.getInt8(${position})`;
    case 'short':
      return `view.getInt16(${position}, true)`;
    case 'int':
      return `view.getInt32(${position}, true)`;
    case 'long':
    case 'float':
    case 'double':
      return `view.getFloat64(${position}, true)`;
    case 'date':
      return `new Date(view.getFloat64(${position}, true))`;
    case 'null':
    case 'undefined':
      return kind;
    default:
      return unreachable(kind, 'getText');
  }
}
