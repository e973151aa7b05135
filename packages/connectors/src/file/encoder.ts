/** How a row-format file sink writes records. What `encode` returns is written as it is, so it ends with a newline where lines are wanted. */
export interface Encoder<in T> {
  encode(record: T): string | Uint8Array;
  /** What every file begins with, such as a line of column names; gets the file's first record. */
  begin?(record: T): string | Uint8Array;
}
