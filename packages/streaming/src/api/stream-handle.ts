/** What every stream of a program is made of: its place in the program, and how an operator behind it is added. Internal to this room. */
import type { KeyContext, OperatorContext, OperatorLogic } from '../contract/operator.ts';
import type { Sink } from '../contract/sink.ts';
import type { DeclaredStateStore } from '../contract/state-declaration.ts';
import type { TransformationId } from '../graph/transformation.ts';
import { richOperator } from '../operators/rich-operators.ts';
import { addFunctionOperator } from './function-operator.ts';
import type { NewOperator } from './program.ts';
import { type FunctionParameters, runtimeContextOf } from './runtime-context.ts';
import { type StatePlace, statefulFunction } from './stateful-function.ts';
import type { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import type { StreamScope } from './stream-scope.ts';

export abstract class StreamHandle {
  /** Internal: streams are made by an environment and by other streams. */
  protected readonly scope: StreamScope;
  protected readonly id: TransformationId;

  constructor(scope: StreamScope, id: TransformationId) {
    this.scope = scope;
    this.id = id;
  }

  /** The number of subtasks of the operator that this stream comes from. */
  getParallelism(): number {
    let transformation = this.scope.program.at(this.id);
    while (transformation.kind !== 'operator') {
      const [input] = transformation.kind === 'union' ? transformation.inputs : [transformation.input];
      transformation = this.scope.program.at(input!);
    }
    return transformation.parallelism ?? this.scope.parallelism();
  }

  getExecutionEnvironment(): StreamExecutionEnvironment {
    return this.scope.environment;
  }

  /** Internal: for sinks with topologies. */
  writtenBy(sink: Sink<unknown>, emitsCommittables = false): TransformationId {
    const logic = { kind: 'sink', sink, ...(emitsCommittables ? { emitsCommittables } : {}) } as const;
    const alone = emitsCommittables ? ({ chaining: 'NEVER' } as const) : {};
    return this.scope.program.addOperator({ operation: 'Sink', name: 'Writer', logic, type: undefined, input: this.id, ...alone });
  }

  /** Internal: for sinks with topologies. A task of its own, as the writer: both emit when they are flushed, and what is behind them must not have been flushed by then. */
  committedBy<C>(operation: string, logic: OperatorLogic): SingleOutputStreamOperator<C> {
    return this.transform(operation, { logic, chaining: 'NEVER' });
  }

  protected transform<R>(
    operation: string,
    operator: Omit<NewOperator, 'input' | 'operation' | 'type'> & Partial<NewOperator>,
  ): SingleOutputStreamOperator<R> {
    const id = this.scope.program.addOperator({ type: undefined, ...operator, operation, input: this.id });
    return this.scope.streams.operator(this.scope, id);
  }

  protected functionOperator<R>(
    operation: string,
    make: (parameters: FunctionParameters) => Pick<NewOperator, 'logic'> & Partial<NewOperator>,
  ): SingleOutputStreamOperator<R> {
    const { scope, id: input } = this;
    return scope.streams.operator(
      scope,
      addFunctionOperator(scope, (parameters) => ({ type: undefined, ...make(parameters), operation, input })),
    );
  }

  /** A rich function of one record; on a keyed stream with its state. */
  protected richFunction<R>(
    operation: string,
    method: 'map' | 'filter' | 'flatMap',
    fn: object,
    type?: NewOperator['type'],
  ): SingleOutputStreamOperator<R> {
    const expected = { where: method, what: `a function, or an object with a method ${method}`, methods: [method] };
    const { create, states } = statefulFunction<never>(fn, expected, this.statePlace());
    return this.functionOperator(operation, (parameters) => ({
      logic: richOperator<unknown, typeof method>({ method, create, states, ...this.functionContext(parameters) }),
      type,
    }));
  }

  /** Overridden by keyed streams. */
  protected functionContext(parameters: FunctionParameters): {
    readonly key: KeyContext | undefined;
    readonly runtimeContext: (context: OperatorContext, states: DeclaredStateStore) => unknown;
  } {
    return { key: undefined, runtimeContext: (context, states) => runtimeContextOf(context, parameters, states) };
  }

  /** Overridden by keyed streams. */
  protected statePlace(): StatePlace {
    return 'non-keyed';
  }

  protected type(): NewOperator['type'] {
    return this.scope.program.typeOf(this.id);
  }
}
