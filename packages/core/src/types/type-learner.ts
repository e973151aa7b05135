/**
 * What undeclared values turn out to be, as a type that can be shown and compared: the shape codec needs no such thing to read them back, people do, and so does a program that goes
 * on with the state of another one.
 *
 * L1 what is learned takes every value that was shown: kinds that differ become a union, a field that one object has not is optional.
 * L2 it is bounded, whatever the values are: objects of many fields count as dictionaries, and deep inside nothing is told apart.
 * L3 showing a value changes nothing and throws nothing.
 */
import { SHAPE } from './descriptions.ts';
import { isPlain, ownField } from './plain.ts';
import { isInt } from './shapes.ts';
import type { FieldDescription, TypeDescription } from './type-information.ts';

const MAX_FIELDS = 64;
const MAX_DEPTH = 8;
/** Fields, elements and the like in all. */
const MAX_PARTS = 256;
/** Elements of one array, map or set that are looked at. */
const MAX_ELEMENTS = 16;

/** In the order in which a union names them; of numbers the widest that occurred stands for all. */
const SCALARS = ['int', 'long', 'double', 'string', 'boolean', 'bigint', 'date', 'bytes', 'undefined'] as const;
type Scalar = (typeof SCALARS)[number];
const NUMBERS: readonly Scalar[] = ['int', 'long', 'double'];

interface LearnedField {
  readonly type: TypeLearner;
  /** Of how many objects. */
  count: number;
}

export class TypeLearner {
  readonly #depth: number;
  readonly #scalars = new Set<Scalar>();
  readonly #typedArrays = new Set<string>();
  #isNullable = false;
  /** Something was too deep to be looked at. */
  #isOpen = false;
  #objects = 0;
  readonly #fields = new Map<string, LearnedField>();
  /** Of all fields together, once there are too many (L2). */
  #dictionary: TypeLearner | undefined = undefined;
  #list: TypeLearner | undefined = undefined;
  #set: TypeLearner | undefined = undefined;
  #map: { readonly key: TypeLearner; readonly value: TypeLearner } | undefined = undefined;

  /** What is left of `MAX_PARTS`, for this one and all inside it. */
  readonly #room: { left: number };

  constructor(depth = 0, room = { left: MAX_PARTS }) {
    this.#depth = depth;
    this.#room = room;
  }

  /** One more value. */
  learn(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.#scalars.add(isInt(value) ? 'int' : Number.isSafeInteger(value) ? 'long' : 'double');
        return;
      case 'string':
      case 'boolean':
      case 'bigint':
      case 'undefined':
        this.#scalars.add(typeof value as Scalar);
        return;
      case 'object':
        return value === null ? this.#learnNull() : this.#learnObject(value);
      default: // what no codec takes
    }
  }

  /** All that another learner had come to. */
  add(type: TypeDescription): void {
    switch (type.kind) {
      case 'null':
        return this.#learnNull();
      case 'nullable':
        this.#learnNull();
        return this.add(type.type);
      case 'union':
        for (const each of type.types) this.add(each);
        return;
      case 'row':
        return this.#addRow(type.fields);
      case 'record':
        return this.#asDictionary().add(type.value);
      case 'list':
        return this.#listOf().add(type.element);
      case 'set':
        return this.#setOf().add(type.element);
      case 'map':
        this.#mapOf().key.add(type.key);
        return this.#mapOf().value.add(type.value);
      case 'typed-array':
        return void this.#typedArrays.add(type.element);
      case 'shape':
        return type.learned === undefined ? undefined : this.add(type.learned);
      default:
        if ((SCALARS as readonly string[]).includes(type.kind)) this.#scalars.add(type.kind as Scalar);
        else this.#isOpen = true;
    }
  }

  /** Undefined before the first value. */
  get learned(): TypeDescription | undefined {
    const types = this.#alternatives();
    const [first] = types;
    if (first === undefined) return this.#isNullable ? { kind: 'null' } : this.#isOpen ? SHAPE : undefined;
    const type: TypeDescription = types.length === 1 ? first : { kind: 'union', types };
    return this.#isNullable ? { kind: 'nullable', type } : type;
  }

  #alternatives(): readonly TypeDescription[] {
    const number = NUMBERS.findLast((kind) => this.#scalars.has(kind));
    const scalars = SCALARS.filter((kind) => (NUMBERS.includes(kind) ? kind === number : this.#scalars.has(kind)));
    const types: TypeDescription[] = scalars.map((kind) => ({ kind }));
    for (const element of this.#typedArrays) types.push({ kind: 'typed-array', element });
    if (this.#list !== undefined) types.push({ kind: 'list', element: this.#list.#orShape() });
    if (this.#set !== undefined) types.push({ kind: 'set', element: this.#set.#orShape() });
    if (this.#map !== undefined) types.push({ kind: 'map', key: this.#map.key.#orShape(), value: this.#map.value.#orShape() });
    if (this.#dictionary !== undefined) types.push({ kind: 'record', value: this.#dictionary.#orShape() });
    else if (this.#objects > 0) types.push({ kind: 'row', fields: [...this.#fields].map((field) => this.#described(field)) });
    return types;
  }

  #orShape(): TypeDescription {
    return this.learned ?? SHAPE;
  }

  #described([name, { type, count }]: readonly [string, LearnedField]): FieldDescription {
    return { name, type: type.#orShape(), ...(count < this.#objects ? { optional: true } : {}) };
  }

  #learnNull(): void {
    this.#isNullable = true;
  }

  #learnObject(value: object): void {
    if (this.#depth >= MAX_DEPTH) this.#isOpen = true;
    else if (Array.isArray(value)) learnFirst(value, this.#listOf());
    else if (isPlain(value)) this.#learnFields(value);
    else if (value instanceof Date) this.#scalars.add('date');
    else if (value instanceof Set) learnFirst(value, this.#setOf());
    else if (value instanceof Map) {
      learnFirst(value.keys(), this.#mapOf().key);
      learnFirst(value.values(), this.#mapOf().value);
    } else if (value instanceof Uint8Array) this.#scalars.add('bytes');
    else if (ArrayBuffer.isView(value)) this.#typedArrays.add((value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]);
  }

  #learnFields(value: object): void {
    const names = Object.keys(value);
    if (this.#dictionary !== undefined || names.length > MAX_FIELDS) {
      const contents = names.slice(0, MAX_ELEMENTS).map((name) => ownField(value, name));
      return learnFirst(contents, this.#asDictionary());
    }
    this.#objects += 1;
    for (const name of names) this.#fieldOf(name)?.learn(ownField(value, name));
  }

  /** Counts the object; undefined when the fields have become too many just now, or there is no room for another one. */
  #fieldOf(name: string): TypeLearner | undefined {
    const known = this.#fields.get(name);
    if (known !== undefined) {
      known.count += 1;
      return known.type;
    }
    if (this.#fields.size >= MAX_FIELDS || this.#dictionary !== undefined) return void this.#asDictionary();
    if (this.#room.left <= 0) return undefined;
    const type = this.#inside();
    this.#fields.set(name, { type, count: 1 });
    return type;
  }

  #addRow(fields: readonly FieldDescription[]): void {
    if (this.#dictionary !== undefined) {
      for (const { type } of fields) this.#asDictionary().add(type);
      return;
    }
    this.#objects += 1;
    for (const { name, type, optional } of fields) {
      this.#fieldOf(name)?.add(type);
      const field = this.#fields.get(name);
      if (optional === true && field !== undefined) field.count -= 1;
    }
  }

  #asDictionary(): TypeLearner {
    const known = this.#dictionary;
    if (known !== undefined) return known;
    const made = this.#inside();
    for (const { type } of this.#fields.values()) made.add(type.#orShape());
    this.#fields.clear();
    this.#dictionary = made;
    return made;
  }

  #listOf(): TypeLearner {
    this.#list ??= this.#inside();
    return this.#list;
  }

  #setOf(): TypeLearner {
    this.#set ??= this.#inside();
    return this.#set;
  }

  #mapOf(): { readonly key: TypeLearner; readonly value: TypeLearner } {
    this.#map ??= { key: this.#inside(), value: this.#inside() };
    return this.#map;
  }

  #inside(): TypeLearner {
    this.#room.left -= 1;
    return new TypeLearner(this.#room.left < 0 ? MAX_DEPTH : this.#depth + 1, this.#room);
  }
}

function learnFirst(values: Iterable<unknown>, learner: TypeLearner): void {
  let left = MAX_ELEMENTS;
  for (const value of values) {
    if (left-- <= 0) return;
    learner.learn(value);
  }
}
