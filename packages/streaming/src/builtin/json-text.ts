/**
 * One record as one line of JSON, as `print` and `JsonLinesEncoder` write it. Fields keep their order.
 *
 * What JSON has no form for becomes what reads best and can be read back by a declared type:
 * Date → ISO 8601 text (null where it is invalid); bigint → its digits as a number; NaN and ±Infinity → the text "NaN", "Infinity", "-Infinity";
 * Map → an array of [key, value] pairs; Set → an array; Uint8Array → base64 text; other typed arrays → an array of numbers.
 * An `undefined` field is left out; an `undefined` element of an array, and a record that is `undefined`, is null. −0 is 0.
 */
export function jsonTextOf(value: unknown): string {
  return isPlainEnough(value) ? (JSON.stringify(value) ?? 'null') : textOf(value);
}

/** Whether JSON.stringify, which is native and fast, writes exactly what `textOf` would: flat records of the common types. */
function isPlainEnough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isPlainScalar(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const name in value) if (!isPlainScalar((value as Record<string, unknown>)[name])) return false;
  return !('toJSON' in value);
}

function isPlainScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined;
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? 'null' : objectText(value);
    default:
      return JSON.stringify(value) ?? 'null';
  }
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Map) return `[${Array.from(value, ([key, entry]) => `[${textOf(key)},${textOf(entry)}]`).join(',')}]`;
  if (value instanceof Set) return `[${Array.from(value, textOf).join(',')}]`;
  if (value instanceof Uint8Array) return `"${base64Of(value)}"`;
  if (ArrayBuffer.isView(value)) return `[${Array.from(value as unknown as Iterable<number | bigint>, textOf).join(',')}]`;
  const fields: string[] = [];
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) fields.push(`${JSON.stringify(name)}:${textOf(field)}`);
  }
  return `{${fields.join(',')}}`;
}

const PIECE_BYTES = 0x3000; // divisible by three, so that pieces join without padding; small enough for the arguments of one call

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.byteLength; start += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE_BYTES)));
  }
  return text;
}
