/**
 * Refuses what would go wrong silently: the subtasks of a test share its thread, so the object of a rich function, which is enough everywhere else, would
 * serve several of them at once (canon rule 7).
 */
import { UsageError } from '@millrace/core/base/errors';
import { tellTakenObjects } from '@millrace/streaming/api/function-factory';
import type { OperatorLogic } from '@millrace/streaming/contract/operator';
import type { CompiledJob } from '@millrace/streaming/graph/job-graph';

/** The job with operators that throw where a second subtask takes the same object. Tasks are all made before the first is opened. */
export function withoutSharedObjects(job: CompiledJob): CompiledJob {
  const { jobGraph, bindings } = job;
  const operators = new Map(bindings.operators);
  for (const { parallelism, operators: chain } of jobGraph.vertices) {
    if (parallelism === 1) continue;
    for (const { id, name } of chain) {
      const logic = operators.get(id);
      if (logic !== undefined) operators.set(id, guarded(logic, new ObjectsOfOperator(name, parallelism)));
    }
  }
  return { ...job, bindings: { ...bindings, operators } };
}

class ObjectsOfOperator {
  readonly #name: string;
  readonly #parallelism: number;
  readonly #taken = new Set<object>();

  constructor(name: string, parallelism: number) {
    this.#name = name;
    this.#parallelism = parallelism;
  }

  make<R>(create: () => R): R {
    return tellTakenObjects((object) => this.#take(object), create);
  }

  #take(object: object): void {
    if (!this.#taken.has(object)) {
      this.#taken.add(object);
      return;
    }
    throw new UsageError(
      `Operator '${this.#name}' has ${this.#parallelism} subtasks and one object for all of them: in a TestEnvironment they share a thread. ` +
        'Give it a factory, rich(() => new …), which makes one for each, or set its parallelism to 1.',
      { reason: 'shared-object' },
    );
  }
}

function guarded(logic: OperatorLogic, objects: ObjectsOfOperator): OperatorLogic {
  if (logic.kind === 'operator') return { ...logic, create: (context) => objects.make(() => logic.create(context)) };
  if (logic.kind === 'twoInput') return { ...logic, create: (context) => objects.make(() => logic.create(context)) };
  if (logic.kind === 'source') return { ...logic, source: watched(logic.source, 'createReader', objects) };
  if (logic.kind === 'sink') return { ...logic, sink: watched(logic.sink, 'createWriter', objects) };
  return logic;
}

/** The object itself, but for one method: the objects that it takes while it is called are counted. */
function watched<S extends object>(object: S, method: keyof S, objects: ObjectsOfOperator): S {
  return new Proxy(object, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      if (property !== method) return member.bind(target) as unknown;
      return (...given: unknown[]): unknown => objects.make(() => Reflect.apply(member, target, given) as unknown);
    },
  });
}
