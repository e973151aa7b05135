/**
 * The transformations of one environment, in the order of the calls that made them.
 *
 * Owned by the environment; streams hold ids and change settings through it.
 * P1 an entry is frozen: a setter replaces it under its id.
 * P2 ids are never reused, so a stream stays valid after `execute`.
 * P3 `roots` are the operators that were added since the last `execute`.
 */
import { invariant } from '@millrace/core/base/assert';
import type { AnyTypeInformation } from '@millrace/core/types/type-information';
import { displayName } from '../graph/stream-graph.ts';
import type { OperatorTransformation, Transformation, TransformationId } from '../graph/transformation.ts';

/** What a call says of a new operator; the rest is at its default until a setter changes it. */
export type NewOperator = Pick<OperatorTransformation, 'input' | 'logic' | 'operation' | 'type'> & Partial<OperatorTransformation>;
export type OperatorChange = Partial<Omit<OperatorTransformation, 'kind' | 'id' | 'input' | 'logic' | 'operation'>>;
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export class Program {
  readonly #transformations: Transformation[] = [];
  #roots: TransformationId[] = [];
  #warnings: string[] = [];
  readonly #parallelism: () => number | undefined;

  /** `parallelism`: what the environment says at the moment, for operators that are added now; undefined where it leaves that to the job. */
  constructor(parallelism: () => number | undefined) {
    this.#parallelism = parallelism;
  }

  addOperator(operator: NewOperator): TransformationId {
    const id = this.add({ ...DEFAULTS, parallelism: this.#parallelism(), name: operator.operation, ...operator });
    // A source alone computes nothing: it runs when something reads it, as in Flink.
    if (operator.input !== undefined) this.#roots.push(id);
    return id;
  }

  add(transformation: WithoutId<Transformation>): TransformationId {
    const id = this.#transformations.length;
    this.#transformations.push(Object.freeze({ ...transformation, id } as Transformation));
    return id;
  }

  change(id: TransformationId, change: OperatorChange): void {
    this.#transformations[id] = Object.freeze({ ...this.operator(id), ...change });
  }

  at(id: TransformationId): Transformation {
    const transformation = this.#transformations[id];
    invariant(transformation !== undefined, () => `transformation ${id} is not in the program`);
    return transformation;
  }

  operator(id: TransformationId): OperatorTransformation {
    const transformation = this.at(id);
    invariant(transformation.kind === 'operator', () => `transformation ${id} is a ${transformation.kind}`);
    return transformation;
  }

  /** For messages: `Source: commits`. */
  nameOf(id: TransformationId): string {
    return displayName(this.operator(id));
  }

  /** The declared type of the records; for a union only if all of it agrees. */
  typeOf(id: TransformationId): AnyTypeInformation | undefined {
    const transformation = this.at(id);
    if (transformation.kind === 'partition') return this.typeOf(transformation.input);
    if (transformation.kind !== 'union') return transformation.type;
    const [first, ...others] = transformation.inputs.map((input) => this.typeOf(input));
    return others.every((other) => other !== undefined && other.typeName === first?.typeName) ? first : undefined;
  }

  get transformations(): readonly Transformation[] {
    return this.#transformations;
  }

  get roots(): readonly TransformationId[] {
    return this.#roots;
  }

  /** Notes what is not wrong, but may not be meant; told to the user when the job is submitted. */
  warn(message: string): void {
    this.#warnings.push(message);
  }

  /** Of what was added since the last `execute`. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  clearRoots(): void {
    this.#warnings = [];
    this.#roots = [];
  }
}

const DEFAULTS = {
  kind: 'operator',
  description: undefined,
  uid: undefined,
  maxParallelism: undefined,
  bufferTimeoutMs: undefined,
  slotSharingGroup: undefined,
  chaining: 'ALWAYS',
} as const;
