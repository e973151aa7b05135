/** Which objects may travel: plain ones, of this realm or another, and those without a prototype. */

/** Generated code asks `value.constructor === Object` first, which V8 folds into the hidden class; this settles the rest. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // The Object.prototype of another realm: nothing above it, and its constructor is called so.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

/** A row is a plain object that is no array. */
export function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlain(value);
}

/** A field by its own content only: one called `toString` or `__proto__` may be absent and still found by name. */
export function ownProperty(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Whether every object has something by this name. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/** A declared field of a row, which may be absent. */
export function declaredField(value: object, name: string): unknown {
  return isInherited(name) ? ownProperty(value, name) : (value as Record<string, unknown>)[name];
}

/** A field that the object has: one of its own keys. */
export function ownField(value: object, key: string): unknown {
  return key === '__proto__' ? ownProperty(value, key) : (value as Record<string, unknown>)[key];
}

/** Sets a field whatever it is called. */
export function defineField(target: object, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[name] = value;
}

/** What a value is, for a message: `an instance of class Point`, `a function`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value !== 'object') return `the ${typeof value} ${shorten(value)}`;
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) return `an array of ${value.length}`;
  if (isPlain(value)) return `the object ${shorten(value)}`;
  const name = classNameOf(value);
  return name === '' ? 'an object with a prototype of its own' : `an instance of class ${name}`;
}

export function classNameOf(value: object): string {
  const maker: unknown = (value as { constructor?: unknown }).constructor;
  return typeof maker === 'function' && maker.prototype === Object.getPrototypeOf(value) ? maker.name : '';
}

const SHOWN = 60;

function shorten(value: unknown): string {
  if (typeof value === 'bigint') return `${cut(String(value))}n`;
  try {
    return cut(Object.is(value, -0) ? '-0' : typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)));
  } catch {
    return '{…}'; // a cycle, a bigint inside, or a toJSON that throws
  }
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
