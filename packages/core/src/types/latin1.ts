/** Writes and reads code units below 256 as bytes, by whichever way is fastest for the length. */

/** Writes `value` at `position`, where there is room for its length; false (with bytes half written) when a code unit is above 255. */
export function writeLatin1(value: string, bytes: Uint8Array, position: number): boolean {
  const length = value.length;
  for (let index = 0; index < length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 0xff) return false;
    bytes[position + index] = unit;
  }
  return true;
}

export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index]!);
  return text;
}
