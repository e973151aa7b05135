import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { ownField } from './plain.ts';
import type { ShapeWriter } from './shape-writer.ts';
import { ANY_FIELD, type FieldKind, fieldKindOf, type ShapeDefinition, widerKind } from './shapes.ts';

/** Code that writes the objects of one shape. */
export interface WrittenShape {
  readonly definition: ShapeDefinition;
  /** False, and nothing written, when `value` has other keys, another order of them or contents of other kinds. */
  write(value: object, output: BytesWriter, shapes: ShapeWriter): boolean;
}

export interface ShapeLimits {
  /** Lists of keys that get a shape; objects with others are written as maps. */
  readonly maxShapes: number;
  /** Called when the first object had to be written as a map. */
  readonly onExceeded: () => void;
}

/** Contents of new kinds widen a shape this often one field at a time; then all of its fields are open. */
const MAX_WIDENINGS = 8;

interface Node {
  readonly children: Map<string, Node>;
  shape: WrittenShape | undefined;
  widenings: number;
}

/**
 * The shapes of one encoder, found by their keys in order.
 *
 * T1 there are at most `maxShapes` lists of keys, and at most `MAX_WIDENINGS + 2` shapes for each: whatever the records are, the table is bounded.
 * T2 each list of keys has one newest shape, which takes every kind of content that its objects had so far. Older ones stay valid.
 */
export class ShapeTable {
  readonly #make: (definition: ShapeDefinition) => WrittenShape;
  readonly #limits: ShapeLimits;
  readonly #root = node();
  readonly #bareRoot = node();
  #lists = 0;
  #shapes = 0;

  constructor(limits: ShapeLimits, make: (definition: ShapeDefinition) => WrittenShape) {
    this.#limits = limits;
    this.#make = make;
  }

  find(keys: readonly string[], bare: boolean): WrittenShape | undefined {
    let at: Node | undefined = bare ? this.#bareRoot : this.#root;
    for (let index = 0; index < keys.length; index++) {
      at = at.children.get(keys[index]!);
      if (at === undefined) return undefined;
    }
    return at.shape;
  }

  /** A new shape that takes `value`; undefined if there may be no more. */
  learn(keys: readonly string[], bare: boolean, value: object): WrittenShape | undefined {
    const known = this.find(keys, bare);
    if (known === undefined && this.#lists >= this.#limits.maxShapes) {
      this.#limits.onExceeded();
      return undefined;
    }
    const at = this.#nodeOf(keys, bare);
    if (known === undefined) this.#lists++;
    else if (at.widenings > MAX_WIDENINGS) return undefined;
    else at.widenings++;
    const kinds = keys.map((key, index) => kindAfter(known?.definition.kinds[index], value, key, at.widenings));
    at.shape = this.#make({ id: this.#shapes++, keys, kinds, bare });
    return at.shape;
  }

  #nodeOf(keys: readonly string[], bare: boolean): Node {
    let at = bare ? this.#bareRoot : this.#root;
    for (const key of keys) {
      const next: Node = at.children.get(key) ?? node();
      at.children.set(key, next);
      at = next;
    }
    return at;
  }
}

function node(): Node {
  return { children: new Map(), shape: undefined, widenings: 0 };
}

function kindAfter(known: FieldKind | undefined, value: object, key: string, widenings: number): FieldKind {
  if (widenings > MAX_WIDENINGS) return ANY_FIELD;
  const content = ownField(value, key);
  const seen = fieldKindOf(content);
  return known === undefined ? seen : widerKind(known, seen);
}
