import type { TransformationId } from '../graph/transformation.ts';
import type { NewOperator } from './program.ts';
import type { FunctionParameters } from './runtime-context.ts';
import type { StreamScope } from './stream-scope.ts';
import type { Configuration } from './stream-types.ts';

/** Adds an operator whose functions may ask for the parameters of the job and their own, both of which are set after this call. */
export function addFunctionOperator(scope: StreamScope, make: (parameters: FunctionParameters) => NewOperator): TransformationId {
  const { program, environment } = scope;
  let id: TransformationId | undefined;
  const parameters: FunctionParameters = {
    globalJobParameters: () => environment.getConfig().getGlobalJobParameters(),
    parameters: () => ((id === undefined ? undefined : program.operator(id).parameters) ?? {}) as Configuration,
  };
  id = program.addOperator(make(parameters));
  return id;
}
