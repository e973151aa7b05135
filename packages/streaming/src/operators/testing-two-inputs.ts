/** Lets an `OperatorBench` run operators with two inputs: its records say which input they are of. */
import type { OneInputOperator, OperatorLogic, TwoInputLogic } from '../contract/operator.ts';

export interface OfInput {
  readonly input: 1 | 2;
  readonly record: unknown;
}

export function asOneInput(logic: TwoInputLogic): OperatorLogic {
  return {
    kind: 'operator',
    create: (context) => {
      const operator = logic.create(context);
      const oneInput: OneInputOperator<OfInput> = {
        initializeState: (context) => operator.initializeState?.(context),
        open: () => operator.open?.(),
        snapshotState: (context) => operator.snapshotState?.(context),
        processElement: ({ input, record }) => (input === 1 ? operator.processElement1(record) : operator.processElement2(record)),
        processWatermark: (timestamp) => operator.processWatermark?.(timestamp) ?? true,
        finish: () => operator.finish?.() ?? true,
        close: () => operator.close?.(),
        resume: () => operator.resume?.() ?? true,
        get numLateRecordsDropped() {
          return operator.numLateRecordsDropped ?? 0;
        },
      };
      return oneInput as OneInputOperator;
    },
  };
}
