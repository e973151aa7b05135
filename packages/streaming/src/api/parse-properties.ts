import { UsageError } from '@millrace/core/base/errors';

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Java's properties format, which Flink reads: the key ends at the first unescaped `=`, `:` or white space. `path` is for messages. */
export function parseProperties(text: string, path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { line, number } of logicalLines(text)) {
    const [, key = '', value = ''] = /^((?:[^\\=:\s]|\\.)*)\s*[=:]?\s*(.*)$/s.exec(line) ?? [];
    const place = `${path}:${number}`;
    if (key === '') throw new UsageError(`${place} has a value without a key: '${line}'. Write key = value.`);
    values.set(unescaped(key, place), unescaped(value, place));
  }
  return values;
}

/** Without comments and empty lines; a backslash at the end joins a line with the next, whose indentation does not count. */
function logicalLines(text: string): readonly { readonly line: string; readonly number: number }[] {
  const lines: { line: string; number: number }[] = [];
  let open = false;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const trimmed = raw.trimStart();
    if (!open && (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!'))) continue;
    const continues = /(?:^|[^\\])(?:\\\\)*\\$/.test(trimmed);
    const part = continues ? trimmed.slice(0, -1) : trimmed;
    const last = lines.at(-1);
    if (open && last !== undefined) last.line += part;
    else lines.push({ line: part, number: index + 1 });
    open = continues;
  }
  return lines;
}

function unescaped(text: string, place: string): string {
  return text.replace(/\\(u[\dA-Fa-f]{4}|u|.)/gs, (_, code: string) => {
    if (code === 'u') throw new UsageError(`${place} has a \\u without four hexadecimal digits. Write \\u00e9, or the character itself.`);
    return code.startsWith('u') ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code);
  });
}
