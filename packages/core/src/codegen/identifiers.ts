/**
 * Names in generated text. Field names come from users and from the wire, so none is ever joined into code as it is: it becomes a JSON string, or an
 * identifier after it has been found to be one.
 */
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Words that cannot name a variable in strict code, and names whose meaning generated code relies on. */
const RESERVED = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else enum eval export extends false finally for function ' +
    'get if implements import in instanceof interface let new null of package private protected public return set static super switch this throw true ' +
    'try typeof undefined var void while with yield NaN Infinity Object Array Map Set Date Number Math BigInt Uint8Array'
  ).split(' '),
);

export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name) && !RESERVED.has(name);
}

/**
 * An identifier that reads like `name`: `user-id` becomes `user_id`. Not unique: ask the code writer for that. It
 * has no `$`, so a generator may join names of its own with one.
 */
export function identifierLike(name: string): string {
  const spelled = name.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 40);
  const started = /^[A-Za-z_]/.test(spelled) ? spelled : `_${spelled}`;
  return RESERVED.has(started) ? `${started}_` : started;
}

/** Reads property `name` of the object that `expression` stands for. `__proto__` is not read this way: it may be inherited (see `ownProperty`). */
export function propertyAccess(expression: string, name: string): string {
  if (/^(0|[1-9]\d{0,8})$/.test(name)) return `${expression}[${name}]`;
  return IDENTIFIER.test(name) ? `${expression}.${name}` : `${expression}[${JSON.stringify(name)}]`;
}

/** A key in an object literal. `__proto__` is computed, or it would set the prototype. */
export function literalKey(name: string): string {
  if (name === '__proto__') return '["__proto__"]';
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}
