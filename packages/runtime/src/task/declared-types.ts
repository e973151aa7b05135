/** What the program has declared of a step: the type of what it emits, and its key. */
import type { TypeDescription } from '@millrace/core/types/type-information';
import type { KeyContext, OperatorLogic } from '@millrace/streaming/contract/operator';
import type { Step } from './step.ts';

/** Whoever reads an output is told the same type of it. */
export function declaredTypeOf({ plan }: Step, tag: string | undefined): TypeDescription {
  const output = plan.outputs.find((each) => each.tag === tag);
  return output?.edges[0]?.edge.type ?? output?.steps[0]?.operator.inputType ?? { kind: 'shape' };
}

/** The key whose state an operator has; of two inputs both have the same, or one of them has none. */
export function keyOf(logic: OperatorLogic): KeyContext | undefined {
  if (logic.kind === 'operator') return logic.key;
  return logic.kind === 'twoInput' ? (logic.keys?.[0] ?? logic.keys?.[1]) : undefined;
}
