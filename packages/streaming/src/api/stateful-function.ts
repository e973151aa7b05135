/**
 * Functions that declare their states: what `usesStates` says is looked at when the function is given to a stream, and refused there if that stream cannot have it. Flink: "The
 * Legitimacy of State Declaration and Access".
 *
 * A factory is called once for this; the object is what the first subtask gets, so a factory still makes no more objects than there are subtasks.
 */
import { UsageError } from '@millrace/core/base/errors';
import type { DeclaringFunction } from '../contract/rich-function.ts';
import {
  declaredStateText,
  describeDeclaration,
  type DeclaredStateKind,
  type RedistributionMode,
  StateDeclaration,
} from '../contract/state-declaration.ts';
import { StateDescriptor } from '../contract/state-descriptor.ts';
import type { FunctionStates } from '../operators/declared-states.ts';
import { checkSynchronous, show } from './function-checks.ts';
import { describeObject, type ExpectedFunction, functionFactory, isFactory } from './function-factory.ts';

/** What kind of stream a function is given to. */
export type StatePlace = 'keyed' | 'non-keyed' | 'keyed-broadcast' | 'non-keyed-broadcast';

interface Rules {
  readonly stream: string;
  readonly legal: readonly RedistributionMode[];
}

/** Flink's table, per kind of stream. */
const RULES: Readonly<Record<StatePlace, Rules>> = {
  keyed: { stream: 'a keyed stream', legal: ['NONE', 'REDISTRIBUTABLE'] },
  'non-keyed': { stream: 'a stream without keys', legal: ['REDISTRIBUTABLE'] },
  'keyed-broadcast': { stream: 'a keyed stream beside a broadcast one', legal: ['NONE', 'REDISTRIBUTABLE', 'IDENTICAL'] },
  'non-keyed-broadcast': { stream: 'a stream without keys beside a broadcast one', legal: ['REDISTRIBUTABLE', 'IDENTICAL'] },
};

const INSTEAD: Readonly<Record<Exclude<RedistributionMode, 'REDISTRIBUTABLE'>, string>> = {
  NONE:
    'What is NONE is bound to a key and cannot be redistributed. Call keyBy(…) before this operator, or declare a list of the subtask: ' +
    "StateDeclarations.listStateBuilder(…).redistributeBy('SPLIT').",
  IDENTICAL:
    'Only beside a broadcast stream do all subtasks see the same records, and so keep it identical. Connect this stream with other.broadcast(…).',
};

export interface StatefulFunction<F> {
  readonly create: () => F;
  readonly states: FunctionStates;
}

/** As `functionFactory`, where the function may declare states. `given` are declared at the broadcast stream. */
export function statefulFunction<F>(
  fn: unknown,
  expected: Omit<ExpectedFunction, 'declaresStates'>,
  place: StatePlace,
  given: readonly StateDeclaration[] = [],
): StatefulFunction<F> {
  const create = functionFactory<F>(fn, { ...expected, declaresStates: true });
  let first: { readonly object: F } | undefined = isFactory(fn) ? { object: create() } : undefined;
  const object = first === undefined ? (fn as F) : first.object;
  const declared = checkedDeclarations(object as object, { where: expected.where, place, given });
  const next = (): F => {
    if (first === undefined) return create();
    const { object: made } = first;
    first = undefined;
    return made;
  };
  return { create: next, states: { declared: declared.map(describeDeclaration), given } };
}

interface Where {
  readonly where: string;
  readonly place: StatePlace;
  readonly given: readonly StateDeclaration[];
}

function checkedDeclarations(object: object, at: Where): readonly StateDeclaration[] {
  const who = `${at.where}: usesStates of ${describeObject(object)}`;
  const declarations = [...new Set([...at.given, ...usedStates(object, who)])];
  const byName = new Map<string, StateDeclaration>();
  for (const declaration of declarations) {
    checkPlace(declaration, who, at.place);
    const known = byName.get(declaration.getName());
    if (known !== undefined) throw twice(known, declaration, who);
    byName.set(declaration.getName(), declaration);
  }
  return declarations;
}

function usedStates(object: object, who: string): readonly StateDeclaration[] {
  const fn = object as Partial<DeclaringFunction>;
  if (fn.usesStates === undefined) return [];
  if (typeof fn.usesStates !== 'function')
    throw new UsageError(`${who} is no method. Make it one that returns the declarations of all states.`);
  checkSynchronous(fn.usesStates, who);
  const used: unknown = fn.usesStates();
  if (typeof (used as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function' || typeof used === 'string')
    throw new UsageError(`${who} returned ${show(used)}. Return the declarations of all states: an array or a Set of them.`);
  const all = [...(used as Iterable<unknown>)];
  for (const each of all) if (!(each instanceof StateDeclaration)) throw noDeclaration(each, who);
  return all as readonly StateDeclaration[];
}

function noDeclaration(given: unknown, who: string): UsageError {
  if (!(given instanceof StateDescriptor))
    return new UsageError(`${who} returned ${show(given)} among its declarations. Make each by StateDeclarations.`);
  const kind: DeclaredStateKind = given.kind;
  return new UsageError(
    `${who} returned the descriptor of state '${given.name}', which is no declaration. Declare it: StateDeclarations.${kind}State('${given.name}', …).`,
  );
}

function checkPlace(declaration: StateDeclaration, who: string, place: StatePlace): void {
  const mode = declaration.getRedistributionMode();
  const { stream, legal } = RULES[place];
  if (legal.includes(mode) || mode === 'REDISTRIBUTABLE') return;
  throw new UsageError(
    `${who} declares '${declaration.getName()}', ${declaredStateText(describeDeclaration(declaration))}, which is not legal on ${stream}: ` +
      `legal there ${legal.length === 1 ? 'is' : 'are'} ${legal.join(' and ')}. ${INSTEAD[mode]}`,
    { reason: 'illegal-state' },
  );
}

function twice(one: StateDeclaration, other: StateDeclaration, who: string): UsageError {
  const [first, second] = [one, other].map((each) => declaredStateText(describeDeclaration(each)));
  const difference = first === second ? `twice, both times as ${first}` : `as ${first}, and as ${second}`;
  return new UsageError(
    `${who} declares '${one.getName()}' ${difference}. Give each state of an operator a name of its own, and make each declaration once.`,
    { reason: 'illegal-state' },
  );
}
