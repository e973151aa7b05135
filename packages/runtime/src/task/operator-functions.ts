/** Which functions are whose, for a profile of a slot: a frame of one of them, and what it calls, is the operator's time. */
import type { Step } from './step.ts';
import type { TaskInput } from './task-input.ts';

export type Code = (...parameters: never[]) => unknown;

export interface OperatorFunctions {
  readonly operatorName: string;
  readonly functions: readonly Code[];
}

/** Of a plain function itself, of an operator or a source its methods: user code is called by them. */
export function operatorFunctions({ steps, input }: { readonly steps: readonly Step[]; readonly input: TaskInput }): OperatorFunctions[] {
  return steps.map((step) => {
    const { logic, operator } = step.plan;
    const { name: operatorName } = operator;
    if (logic.kind === 'map' || logic.kind === 'filter' || logic.kind === 'flatMap') return { operatorName, functions: [logic.fn as Code] };
    const object = logic.kind === 'source' ? input : step.operator;
    return { operatorName, functions: object === undefined ? [] : methodsOf(object) };
  });
}

/** Own ones and those of its classes. */
export function methodsOf(object: object): Code[] {
  const methods: Code[] = [];
  for (
    let level: object | null = object;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (name !== 'constructor' && typeof value === 'function') methods.push(value as Code);
  }
  return methods;
}
