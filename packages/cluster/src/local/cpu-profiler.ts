/** V8's sampling profiler of the calling thread. All of it is synchronous: what is asked is answered before the call returns. */
import { type Profiler, type Runtime, Session } from 'node:inspector';
import { TerminalError } from '@millrace/core/base/errors';
import type { Code } from '@millrace/runtime/task/operator-functions';

export type CpuProfile = Profiler.Profile;

const SAMPLING_INTERVAL_US = 1_000;
/** Where the inspector finds the functions that it is asked about. */
const HOLDER = 'millrace.profiled';

export class CpuProfiler {
  readonly #session = new Session();

  start(): void {
    this.#session.connect();
    this.#ask('Profiler.enable');
    this.#ask('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    this.#ask('Profiler.start');
  }

  stop(): CpuProfile {
    return this.#ask<Profiler.StopReturnType>('Profiler.stop').profile;
  }

  close(): void {
    this.#session.disconnect();
  }

  /** Of each function the place that a call frame of it has, as `placeOf` writes it; undefined for native ones. */
  placesOf(functions: readonly Code[]): readonly (string | undefined)[] {
    const holder = globalThis as Record<symbol, unknown>;
    const symbol = Symbol.for(HOLDER);
    holder[symbol] = functions;
    try {
      const { result } = this.#ask<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression: `globalThis[Symbol.for('${HOLDER}')]` });
      const all = this.#propertiesOf(result.objectId).result;
      return functions.map((_, index) => this.#placeOf(all.find(({ name }) => name === String(index))?.value?.objectId));
    } finally {
      delete holder[symbol];
    }
  }

  #placeOf(objectId: string | undefined): string | undefined {
    if (objectId === undefined) return undefined;
    const location = this.#propertiesOf(objectId).internalProperties?.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value as
      | { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number }
      | undefined;
    return location && placeOf(location);
  }

  #propertiesOf(objectId: string | undefined): Runtime.GetPropertiesReturnType {
    return this.#ask('Runtime.getProperties', { objectId, ownProperties: true });
  }

  #ask<R = unknown>(method: string, parameters: object = {}): R {
    let answer: unknown;
    let failure: Error | null = null;
    this.#session.post(method, parameters, (error, result) => {
      failure = error;
      answer = result;
    });
    if (failure !== null)
      throw new TerminalError(`The profiler of V8 refused ${method}: ${(failure as Error).message}`, { cause: failure });
    return answer as R;
  }
}

export function placeOf({
  scriptId,
  lineNumber,
  columnNumber,
}: Pick<Runtime.CallFrame, 'scriptId' | 'lineNumber' | 'columnNumber'>): string {
  return `${scriptId}:${lineNumber}:${columnNumber}`;
}
