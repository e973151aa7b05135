/** The user's object in one subtask, as operators run it: made, its declared states made, its life not yet begun. */
import type { OperatorContext } from '../contract/operator.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { DeclaredState, DeclaredStateStore } from '../contract/state-declaration.ts';
import { DeclaredStates, type FunctionStates } from './declared-states.ts';
import { FunctionLifeCycle } from './function-life.ts';

/** One user object for each subtask, and what it is opened with. */
export interface FunctionSpec<F, C = unknown> {
  readonly create: () => F;
  readonly runtimeContext: (context: OperatorContext, states: DeclaredStateStore) => C;
  /** Absent where it declares none. */
  readonly states?: FunctionStates;
}

export interface UserFunction<F, C> {
  readonly fn: F;
  readonly states: DeclaredStates;
  readonly life: FunctionLifeCycle<C>;
}

const NONE: FunctionStates = { declared: [], given: [] };

export function userFunction<F extends FunctionLife<C>, C>(context: OperatorContext, spec: FunctionSpec<F, C>): UserFunction<F, C> {
  const fn = spec.create();
  const states = new DeclaredStates(context, fn, spec.states ?? NONE);
  return { fn, states, life: new FunctionLifeCycle<C>(fn, spec.runtimeContext(context, states), () => context.operatorState) };
}

/** What the logic of such an operator says of it to whoever compiles the job. */
export function declaredBy({ states }: Pick<FunctionSpec<unknown>, 'states'>): { readonly states?: readonly DeclaredState[] } {
  return states === undefined || states.declared.length === 0 ? {} : { states: states.declared };
}
