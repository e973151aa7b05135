/**
 * What the chain generator and its twin, the chain interpreter, both make, and what both are made from.
 *
 * K1 a record goes through the whole tree in one synchronous call, outputs in the order of the plan's walk.
 * K2 what a step throws leaves as a `UserCodeError` that names the step and the record it got. Nobody catches per record but the functions of the chain.
 * K3 `flow.timestamp` is the same before and after a call of an output, whatever the operators behind it set.
 */
import type { OneInputOperator, Output, TwoInputOperator } from '@millrace/streaming/contract/operator';
import type { ChainPlan } from './chain-plan.ts';
import type { EdgeCheck } from './edge-checks.ts';
import type { Flow } from './flow.ts';
import type { RecordOutput } from './record-output.ts';
import type { SplitOutputClass } from './split-output.ts';
import type { Step } from './step.ts';

export interface ChainParts {
  readonly plan: ChainPlan;
  readonly flow: Flow;
  readonly steps: readonly Step[];
  readonly outputs: readonly RecordOutput[];
  readonly freezeRecords: boolean;
  readonly hasIterations: boolean;
  /** Checks what a step emits on one of its outputs, or what a step returned, for the first records. */
  check(step: Step, tag: string | undefined): EdgeCheck;
  /** Makes the operator of a step of kind operator or sink, whose outputs exist by then. */
  readonly makeOperator: MakeOperator<OneInputOperator>;
  /** The same for the head of a task with two inputs. */
  readonly makeTwoInputOperator: MakeOperator<TwoInputOperator>;
  /** Says where an error belongs: `place` is the index of the step, or the number of steps plus the index of the edge. No record where there was none. */
  readonly locate: (error: unknown, place: number, ...record: readonly unknown[]) => Error;
}

type MakeOperator<Operator> = (step: Step, main: Output<unknown>, sides: ReadonlyMap<string, Output<unknown>>) => Operator;

export interface CompiledChain {
  /** Which place is at work at a line of the chain's text, as stacks count lines; only of a chain that is written as text. */
  readonly placeAtLine?: (line: number) => number | undefined;
  /** Takes a record of the input, with `flow.timestamp` set. Of a source: what its records go through behind it. */
  readonly head: (record: unknown) => void;
  /** Takes a record of the second input, where the head has two. */
  readonly secondHead: ((record: unknown) => void) | undefined;
  /** Of a source: its outputs, each with timestamps and watermarks of its own. */
  readonly splitOutput: SplitOutputClass | undefined;
  /** Of a source: its side outputs that somebody reads, by their tags. */
  readonly sourceSides: ReadonlyMap<string, Output<unknown>>;
}

/** What an operator emits to. One shape for all, so that operators' own call sites stay monomorphic. */
export class ChainOutput implements Output<unknown> {
  readonly collect: (record: unknown) => void;

  constructor(collect: (record: unknown) => void) {
    this.collect = collect;
  }
}
