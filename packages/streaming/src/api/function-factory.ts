/** Takes the object of a rich function, or a factory of such objects, apart: what is wrong with it is said when the graph is made, as far as it can be seen then. */
import { UsageError } from '@millrace/core/base/errors';
import type { DeclaringFunction } from '../contract/rich-function.ts';
import { checkSynchronous, show } from './function-checks.ts';

/** What `rich` returns: makes one object for each subtask. */
export class FunctionFactory {
  readonly create: () => object;

  constructor(create: () => object) {
    this.create = create;
  }
}

export interface ExpectedFunction {
  /** The call, for messages: `process`. */
  readonly where: string;
  /** What it takes, for messages: `a ProcessFunction`. */
  readonly what: string;
  /** The methods that the object must have. */
  readonly methods: readonly string[];
  /** A bare function is a factory, because no plain function is accepted there. */
  readonly bareFactory?: boolean;
  /** The methods may be async. */
  readonly asynchronous?: boolean;
  /** `usesStates` is looked at by whoever asks for the function; elsewhere nobody would make the states. */
  readonly declaresStates?: boolean;
}

/** Whether it makes objects, and is none. Of what `functionFactory` has accepted. */
export function isFactory(given: unknown): boolean {
  return typeof given === 'function' || given instanceof FunctionFactory;
}

/** One object for each call, or the one that was given: rule 7 of the API says why that is enough. */
export function functionFactory<F>(given: unknown, expected: ExpectedFunction): () => F {
  if (given instanceof FunctionFactory) return () => checked<F>(given.create(), expected);
  if (typeof given === 'function') {
    if (isClass(given))
      throw new UsageError(`${expected.where} got the class ${given.name}. Give it an object of it: new ${given.name}(…).`);
    if (expected.bareFactory !== true) throw new UsageError(`${expected.where} got ${show(given)}. Give it ${expected.what}.`);
    checkSynchronous(given, expected.where);
    return () => checked<F>((given as () => object)(), expected);
  }
  const object = checked<F>(given, expected);
  return () => {
    taken?.(object as object);
    return object;
  };
}

/** Where subtasks share a thread, one object would serve several of them: whoever makes operators there is told of each object that is taken as it is. */
let taken: ((object: object) => void) | undefined;

/** Runs an action that makes an operator, and tells which objects of the program it took. */
export function tellTakenObjects<R>(tell: (object: object) => void, action: () => R): R {
  const before = taken;
  taken = tell;
  try {
    return action();
  } finally {
    taken = before;
  }
}

function checked<F>(object: unknown, { where, what, methods, asynchronous, declaresStates }: ExpectedFunction): F {
  if (typeof object !== 'object' || object === null) throw new UsageError(`${where} got ${show(object)}. Give it ${what}.`);
  for (const method of methods) {
    const fn = (object as Record<string, unknown>)[method];
    if (typeof fn !== 'function') {
      const lack = method in object ? `whose ${method} is no method` : `which has no method ${method}`;
      throw new UsageError(`${where} got ${describeObject(object)}, ${lack}. Give it ${what}.`);
    }
    if (asynchronous !== true) checkSynchronous(fn, `${where}: ${method}`);
  }
  const onTimer = (object as Record<string, unknown>)['onTimer'];
  if (onTimer !== undefined) checkSynchronous(onTimer, `${where}: onTimer`);
  if (declaresStates !== true) refuseStates(object, where);
  return object as F;
}

function refuseStates(object: Partial<DeclaringFunction>, where: string): void {
  const [first] = [...(typeof object.usesStates === 'function' ? object.usesStates() : [])];
  if (first === undefined) return;
  throw new UsageError(
    `${where}: usesStates of ${describeObject(object)} declares '${first.getName()}', but functions there have no declared states. ` +
      'Ask for operator state in initializeState; a window function has that of its key and its window in its context.',
    { reason: 'illegal-state' },
  );
}

export function describeObject(object: object): string {
  const { name } = object.constructor ?? { name: 'Object' };
  return name === 'Object' ? show(object) : `an object of class ${name}`;
}

function isClass(fn: { readonly prototype?: unknown }): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}
