/** Cuts one line of CSV into its fields (RFC 4180). */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  /** What makes the next character in a quoted field an ordinary one; undefined: the quote itself, doubled. */
  readonly escape: string | undefined;
}

export interface CsvField {
  readonly text: string;
  readonly quoted: boolean;
}

/** Undefined where a quoted field is still open at the end. */
export function splitCsvLine(line: string, dialect: CsvDialect): CsvField[] | undefined {
  const fields: CsvField[] = [];
  let position = 0;
  for (;;) {
    if (line.startsWith(dialect.quote, position)) {
      const field = quotedField(line, position + 1, dialect);
      if (field === undefined) return undefined;
      fields.push({ text: field.text, quoted: true });
      position = field.end;
      if (position < line.length && !line.startsWith(dialect.delimiter, position)) {
        throw new Error(
          `field ${fields.length}: ${JSON.stringify(line.charAt(position))} follows the closing quote, where a delimiter or the end of the line must be`,
        );
      }
    } else {
      const found = line.indexOf(dialect.delimiter, position);
      const end = found === -1 ? line.length : found;
      fields.push({ text: line.slice(position, end), quoted: false });
      position = end;
    }
    if (position >= line.length) return fields;
    position += 1; // the delimiter; what follows is a field, even an empty one
  }
}

function quotedField(line: string, start: number, { quote, escape: escaping }: CsvDialect): { text: string; end: number } | undefined {
  let text = '';
  let position = start;
  while (position < line.length) {
    const char = line.charAt(position);
    if (escaping !== undefined && char === escaping && position + 1 < line.length) {
      text += line.charAt(position + 1);
      position += 2;
    } else if (char === quote) {
      if (escaping !== undefined || line.charAt(position + 1) !== quote) return { text, end: position + 1 };
      text += quote;
      position += 2;
    } else {
      text += char;
      position += 1;
    }
  }
  return undefined;
}
