/** Runs a process function on a stream without a key: side outputs and the times, no state of keys and no timers. Flink: `ProcessOperator`. */
import type { Collector, Nothing } from '../contract/emittable.ts';
import type { OneInputOperator, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { ProcessContext } from '../contract/process-context.ts';
import type { FunctionLife } from '../contract/rich-function.ts';
import type { ReadOnlyTimerService } from '../contract/timers.ts';
import { NO_TIMESTAMP } from '../contract/timestamp.ts';
import { ElementContext } from './element-context.ts';
import { FunctionOperator } from './function-life.ts';
import { refuseResult } from './refused-result.ts';
import { declaredBy, type FunctionSpec, userFunction } from './user-function.ts';

interface ProcessObject<C> extends FunctionLife<C> {
  readonly processElement: (value: unknown, context: ProcessContext, out: Collector<unknown>) => Nothing;
}

export type ProcessSpec<C> = FunctionSpec<ProcessObject<C>, C>;

export function processOperator<C>(spec: ProcessSpec<C>): OperatorLogic {
  return { kind: 'operator', create: (context) => new ProcessOperator(context, spec), ...declaredBy(spec) };
}

class ProcessOperator<C> extends FunctionOperator implements OneInputOperator, ReadOnlyTimerService {
  readonly #context: OperatorContext;
  readonly #fn: ProcessObject<C>;
  readonly #elementContext: ElementContext;
  readonly #output: Collector<unknown>;
  #watermark: number;

  constructor(context: OperatorContext, spec: ProcessSpec<C>) {
    const { fn, states, life } = userFunction(context, spec);
    super(life);
    this.#context = context;
    this.#fn = fn;
    this.#elementContext = new ElementContext(context, this, states);
    this.#output = context.output;
    this.#watermark = NO_TIMESTAMP;
  }

  processElement(record: unknown): void {
    const result: unknown = this.#fn.processElement(record, this.#elementContext, this.#output);
    if (result !== undefined) refuseResult('processElement', result);
  }

  processWatermark(timestamp: number): boolean {
    this.#watermark = timestamp;
    return true;
  }

  currentWatermark(): number {
    return this.#watermark;
  }

  currentProcessingTime(): number {
    return this.#context.currentProcessingTime();
  }
}
