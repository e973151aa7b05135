/**
 * The head of an iteration: its first input goes on as it comes, its second is what the tail has sent back. Both leave by one output, unless the records that go round are of
 * another type: then those leave by a side output. Flink: `StreamIterationHead`.
 */
import type { IterationSettings, OperatorContext, Output, TwoInputLogic, TwoInputOperator } from '../contract/operator.ts';

/** The tag of the output with what was sent back. */
export const FEEDBACK_TAG = 'feedback';

/** `isApart` is asked when the operator is made: whether what was sent back leaves by the side output. */
export function iterationHead(iteration: IterationSettings, isApart: () => boolean): TwoInputLogic {
  return { kind: 'twoInput', iteration, create: (context) => new IterationHead(context, isApart()) };
}

class IterationHead implements TwoInputOperator {
  readonly #output: Output<unknown>;
  /** Undefined where nobody reads it. */
  readonly #feedback: Output<unknown> | undefined;

  constructor(context: OperatorContext, isApart: boolean) {
    this.#output = context.output;
    this.#feedback = isApart ? context.sideOutput(FEEDBACK_TAG) : context.output;
  }

  processElement1(record: unknown): void {
    this.#output.collect(record);
  }

  processElement2(record: unknown): void {
    this.#feedback?.collect(record);
  }
}
