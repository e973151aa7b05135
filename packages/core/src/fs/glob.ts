/** Path patterns: `*` and `?` within a name, `**` over any number of directories, `[a-z]`, `[!a-z]`, `{csv,json}`. */
import { UsageError } from '../base/errors.ts';

const MAGIC = /[*?[{]/;

export function isGlob(path: string): boolean {
  return MAGIC.test(path);
}

/** The directory above the first name with a wildcard: where a search has to begin. */
export function globRoot(pattern: string): string {
  const names = pattern.split('/');
  const first = names.findIndex((name) => MAGIC.test(name));
  const root = names.slice(0, first === -1 ? -1 : first).join('/');
  return root === '' && pattern.startsWith('/') ? '/' : root;
}

/** A test for whole paths. */
export function compileGlob(pattern: string): (path: string) => boolean {
  const expression = new RegExp(`^${translate(pattern)}$`, 'u');
  return (path) => expression.test(path);
}

function translate(pattern: string): string {
  let result = '';
  let position = 0;
  let braces = 0;
  while (position < pattern.length) {
    const char = pattern.charAt(position);
    if (pattern.startsWith('**/', position)) {
      result += '(?:[^/]+/)*';
      position += 3;
      continue;
    }
    if (pattern.startsWith('**', position)) {
      result += '.*';
      position += 2;
      continue;
    }
    if (char === '[') {
      const end = pattern.indexOf(']', position + 2);
      if (end === -1)
        throw new UsageError(`The glob '${pattern}' opens a '[' that it does not close. Close it, or write [[] for the character.`);
      result += characterClass(pattern.slice(position + 1, end));
      position = end + 1;
      continue;
    }
    if (char === '{') braces += 1;
    else if (char === '}') braces -= 1;
    result += single(char, braces);
    position += 1;
  }
  if (braces !== 0)
    throw new UsageError(`The glob '${pattern}' has a '{' or '}' without its partner. Add it, or write [{] for the character.`);
  return result;
}

function single(char: string, braces: number): string {
  if (char === '*') return '[^/]*';
  if (char === '?') return '[^/]';
  if (char === '{') return '(?:';
  if (char === '}') return ')';
  if (char === ',' && braces > 0) return '|';
  return char.replace(/[\\^$.|+()[\]/-]/, '\\$&').replace(/^\\-$/, '-');
}

function characterClass(content: string): string {
  const negated = content.startsWith('!') || content.startsWith('^');
  const members = (negated ? content.slice(1) : content).replace(/[\\\]^[]/g, '\\$&');
  return `[${negated ? '^' : ''}${members}]`;
}
