/**
 * Learns the undeclared types of a state from the entries that go into a checkpoint, so that the checkpoint says what its values are made of. One for each state of a snapshot.
 *
 * The first entries are all looked at, of those behind them one in `ONE_IN`: what is learned is for people and for comparison, no byte is read by it.
 */
import type { TypeDescription } from '@millrace/core/types/type-information';
import { TypeLearner } from '@millrace/core/types/type-learner';
import type { KeyedStateSchema, OperatorStateSchema } from '../../checkpoint/state-handles.ts';
import { type MapEntries, Timed } from './entry-codec.ts';

const LOOKED_AT = 1000;
/** A power of two. */
const ONE_IN = 64;

const PARTS = ['keyType', 'namespaceType', 'nameType', 'valueType'] as const;

export class SchemaLearner {
  readonly #schema: KeyedStateSchema;
  readonly #key: TypeLearner | undefined;
  readonly #namespace: TypeLearner | undefined;
  readonly #name: TypeLearner | undefined;
  readonly #value: TypeLearner | undefined;
  #seen = 0;

  private constructor(schema: KeyedStateSchema) {
    this.#schema = schema;
    this.#key = learnerOf(schema.keyType);
    this.#namespace = learnerOf(schema.namespaceType);
    this.#name = learnerOf(schema.nameType);
    this.#value = learnerOf(schema.valueType);
  }

  /** Undefined where all of it is declared. */
  static of(schema: KeyedStateSchema): SchemaLearner | undefined {
    return PARTS.some((part) => schema[part]?.kind === 'shape') ? new SchemaLearner(schema) : undefined;
  }

  /** As an encoder of entries gets them. */
  entry(key: unknown, namespace: unknown, value: unknown): void {
    this.#seen += 1;
    if (this.#seen > LOOKED_AT && (this.#seen & (ONE_IN - 1)) !== 0) return;
    this.#key?.learn(key);
    this.#namespace?.learn(namespace);
    if (this.#schema.kind === 'list') for (const element of value as readonly unknown[]) this.#value?.learn(contentOf(element));
    else if (this.#schema.nameType !== undefined) this.#entries(value as MapEntries);
    else this.#value?.learn(contentOf(value));
  }

  get schema(): KeyedStateSchema {
    const { keyType, namespaceType, nameType, valueType } = this.#schema;
    return {
      ...this.#schema,
      keyType: learnedOf(keyType, this.#key),
      namespaceType: namespaceType === undefined ? undefined : learnedOf(namespaceType, this.#namespace),
      ...(nameType === undefined ? {} : { nameType: learnedOf(nameType, this.#name) }),
      valueType: valueType === undefined ? undefined : learnedOf(valueType, this.#value),
    };
  }

  #entries(map: MapEntries): void {
    for (const [name, value] of map.entries()) {
      this.#name?.learn(name);
      this.#value?.learn(contentOf(value));
    }
  }
}

/** The same for the elements of operator state, or the entries of a broadcast map. */
export class ListLearner {
  readonly #schema: OperatorStateSchema;
  readonly #name: TypeLearner | undefined;
  readonly #element: TypeLearner | undefined;
  #seen = 0;

  constructor(schema: OperatorStateSchema) {
    this.#schema = schema;
    this.#name = learnerOf(schema.nameType);
    this.#element = learnerOf(schema.elementType);
  }

  element(element: unknown): void {
    this.#seen += 1;
    if (this.#seen > LOOKED_AT && (this.#seen & (ONE_IN - 1)) !== 0) return;
    if (this.#schema.nameType === undefined) return this.#element?.learn(element);
    this.#name?.learn((element as [unknown, unknown])[0]);
    this.#element?.learn((element as [unknown, unknown])[1]);
  }

  get schema(): OperatorStateSchema {
    const { nameType, elementType } = this.#schema;
    return {
      ...this.#schema,
      ...(nameType === undefined ? {} : { nameType: learnedOf(nameType, this.#name) }),
      elementType: learnedOf(elementType, this.#element),
    };
  }
}

/** One type for what several subtasks have stored: where they have learned it, all of what they have. */
export function mergedType(types: readonly TypeDescription[]): TypeDescription {
  const [first] = types as readonly [TypeDescription, ...TypeDescription[]];
  if (types.length === 1 || types.some(({ kind }) => kind !== 'shape')) return first;
  const learner = new TypeLearner();
  for (const type of types) learner.add(type);
  return learnedOf(first, learner);
}

/** Of one state, which differ in what was learned. */
export function mergedSchema(schemas: readonly KeyedStateSchema[]): KeyedStateSchema {
  const [first] = schemas as readonly [KeyedStateSchema, ...KeyedStateSchema[]];
  if (schemas.length === 1) return first;
  const merged = PARTS.flatMap((part) => {
    const types = schemas.map((schema) => schema[part]).filter((type) => type !== undefined);
    return types.length === schemas.length ? [[part, mergedType(types)]] : [];
  });
  return { ...first, ...(Object.fromEntries(merged) as Partial<KeyedStateSchema>) };
}

function learnerOf(type: TypeDescription | undefined): TypeLearner | undefined {
  return type?.kind === 'shape' ? new TypeLearner() : undefined;
}

function learnedOf(type: TypeDescription, learner: TypeLearner | undefined): TypeDescription {
  const learned = learner?.learned;
  return learned === undefined ? type : { kind: 'shape', learned };
}

function contentOf(value: unknown): unknown {
  return value instanceof Timed ? value.value : value;
}
