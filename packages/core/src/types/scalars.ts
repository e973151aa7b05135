/** Values of fixed size, for interpreted codecs and for checks: what a kind takes, and its bytes at a place that has been made room for. */
import { unreachable } from '../base/assert.ts';
import type { BytesReader } from '../bytes/bytes-reader.ts';
import { damaged } from './strings.ts';
import type { TypeDescription } from './type-information.ts';

export type ScalarDescription = Extract<
  TypeDescription,
  { readonly kind: 'boolean' | 'byte' | 'short' | 'int' | 'long' | 'float' | 'double' | 'date' | 'null' | 'undefined' }
>;
export type ScalarKind = 'boolean' | 'byte' | 'short' | 'int' | 'long' | 'float' | 'double' | 'date' | 'null' | 'undefined';

/** The kinds with a whole number's range: least and greatest. Whole numbers have no −0: it is written as 0. */
export const WHOLE: Record<'byte' | 'short' | 'int' | 'long', readonly [number, number]> = {
  byte: [-0x80, 0x7f],
  short: [-0x8000, 0x7fff],
  int: [-0x8000_0000, 0x7fff_ffff],
  long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

export function takesScalar(kind: ScalarKind, value: unknown): boolean {
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return Number.isSafeInteger(value) && (value as number) >= WHOLE[kind][0] && (value as number) <= WHOLE[kind][1];
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'date':
      return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
    case 'null':
      return value === null;
    case 'undefined':
      return value === undefined;
    default:
      return unreachable(kind, 'takesScalar');
  }
}

/** Writes a value that `takesScalar` took. */
export function putScalar(kind: ScalarKind, value: unknown, view: DataView, position: number): void {
  switch (kind) {
    case 'boolean':
      view.setUint8(position, value === true ? 1 : 0);
      return;
    case 'byte':
      view.setInt8(position, value as number);
      return;
    case 'short':
      view.setInt16(position, value as number, true);
      return;
    case 'int':
      view.setInt32(position, value as number, true);
      return;
    case 'long':
      view.setFloat64(position, (value as number) + 0, true); // + 0 makes −0 a 0
      return;
    case 'float':
    case 'double':
      view.setFloat64(position, value as number, true);
      return;
    case 'date':
      view.setFloat64(position, (value as Date).getTime(), true);
      return;
    case 'null':
    case 'undefined':
      view.setUint8(position, 0);
      return;
    default:
      unreachable(kind, 'putScalar');
  }
}

export function getScalar(kind: ScalarKind, input: BytesReader, position: number): unknown {
  const view = input.view;
  switch (kind) {
    case 'boolean':
      return booleanAt(input, position);
    case 'byte':
      return view.getInt8(position);
    case 'short':
      return view.getInt16(position, true);
    case 'int':
      return view.getInt32(position, true);
    case 'long':
    case 'float':
    case 'double':
      return view.getFloat64(position, true);
    case 'date':
      return new Date(view.getFloat64(position, true));
    case 'null':
      return null;
    case 'undefined':
      return undefined;
    default:
      return unreachable(kind, 'getScalar');
  }
}

/** The caller has seen that the byte is within the limit. */
export function booleanAt(input: BytesReader, position: number): boolean {
  const byte = input.bytes[position]!;
  if (byte > 1) throw damaged(input, `a boolean is 0 or 1, not ${byte}`);
  return byte === 1;
}
