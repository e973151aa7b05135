import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import type { AnyTypeInformation, TypeInformation } from '@millrace/core/types/type-information';
import { inputsOf, type TransformationId } from '../graph/transformation.ts';
import { FEEDBACK_TAG, iterationHead } from '../operators/iteration-head.ts';
import { ConnectedStreams } from './connected-streams.ts';
import type { DataStream } from './data-stream.ts';
import { show } from './function-checks.ts';
import type { Program } from './program.ts';
import { SingleOutputStreamOperator } from './single-output-stream-operator.ts';
import type { StreamPair, StreamScope } from './stream-scope.ts';

export interface IterationOptions {
  /**
   * Rounds after the end of the input beyond which the job fails, and says what still goes round. In a round every record goes round once, in short loops more often. Without a
   * bound the loop goes on, and a warning says so after 10,000 rounds.
   */
  readonly maxRounds?: number;
}

/**
 * The beginning of a loop: the records of the input, and those that `closeWith` sends back. Watermarks are those of the input. Flink: "Iterations".
 *
 * The loop ends when its input has ended and nothing is in it any more, or, if a wait time was given, when no record has come back for so long. What is sent back waits in the
 * memory of its subtask, and beyond 65,536 records in a file; meanwhile no input is taken.
 *
 * @deprecated Flink 2.0 has none. Where a loop has few rounds, write them out; else send records through a topic.
 */
export class IterativeStream<out T> extends SingleOutputStreamOperator<T> {
  readonly #iteration: Iteration;

  /** Internal: made by `iterate`. */
  constructor(scope: StreamScope, id: TransformationId, iteration: Iteration) {
    super(scope, id);
    this.#iteration = iteration;
  }

  /**
   * Sends the records of a stream, which comes from this one, round once more. Returns that stream.
   *
   * ```ts
   * const iteration = env.fromSequence(1, 5).iterate();
   * const minusOne = iteration.map((n) => n - 1);
   * iteration.closeWith(minusOne.filter((n) => n > 0));
   * minusOne.filter((n) => n <= 0).print();
   * ```
   */
  closeWith<S extends DataStream<T>>(feedback: S): S {
    if (this.#iteration.isApart) {
      throw new UsageError(
        'closeWith of an iteration whose feedback has a type of its own: close the connected streams that withFeedbackType gave.',
      );
    }
    this.close(feedback);
    return feedback;
  }

  /** For records of another type that go round: connected streams of the input and of what is sent back. Nothing else may read this stream then. */
  withFeedbackType<F>(type?: TypeInformation<F>): ConnectedIterativeStreams<T, F> {
    if (this.#iteration.isApart || this.#iteration.tail !== undefined) {
      throw new UsageError(
        `withFeedbackType of '${this.scope.program.nameOf(this.id)}' comes too late. Call it once, and before closeWith.`,
      );
    }
    this.#iteration.isApart = true;
    const feedback = this.scope.program.add({ kind: 'side-output', input: this.id, tag: FEEDBACK_TAG, type });
    return new ConnectedIterativeStreams<T, F>({ scope: this.scope, first: this.id, second: feedback }, (stream) => this.close(stream));
  }

  private close(feedback: DataStream<unknown>): void {
    const { second } = this.pairWith(feedback, 'closeWith');
    const { program } = this.scope;
    if (this.#iteration.tail !== undefined) {
      throw new UsageError(
        `The iteration '${program.nameOf(this.id)}' is closed already. Give closeWith the union of all that goes round.`,
      );
    }
    if (!comesFrom(program, second, this.id)) {
      throw new UsageError(
        'Cannot close an iteration with a feedback DataStream that does not originate from said iteration. Give closeWith a stream that was made of the iteration itself.',
      );
    }
    // What the source declares need not hold for what the loop makes of it.
    const inherited = program.operator(this.id).type;
    if (!this.#iteration.isApart && inherited === this.#iteration.inputType && program.typeOf(second)?.typeName !== inherited?.typeName) {
      program.change(this.id, { type: undefined });
    }
    this.#iteration.tail = program.addOperator({
      operation: 'Iteration Sink',
      logic: { kind: 'operator', iterationTail: this.#iteration.id, create: neverCalled },
      type: undefined,
      input: second,
    });
  }
}

/** The input of an iteration and the records of another type that go round in it. */
export class ConnectedIterativeStreams<out I, out F> extends ConnectedStreams<I, F> {
  readonly #close: (feedback: DataStream<unknown>) => void;

  /** Internal: made by `withFeedbackType`. */
  constructor(pair: StreamPair, close: (feedback: DataStream<unknown>) => void) {
    super(pair);
    this.#close = close;
  }

  /** Sends the records of a stream, which comes from these, round: they are the second input. Returns that stream. */
  closeWith<S extends DataStream<F>>(feedback: S): S {
    this.#close(feedback);
    return feedback;
  }
}

/** What the calls on an iteration leave behind; read when its operators are made. */
interface Iteration {
  readonly id: string;
  readonly inputType: AnyTypeInformation | undefined;
  isApart: boolean;
  tail: TransformationId | undefined;
}

/** Behind `DataStream.iterate`. */
export function iterativeStream<T>(
  scope: StreamScope,
  input: TransformationId,
  maxWaitTime: DurationLike | undefined,
  { maxRounds }: IterationOptions = {},
): IterativeStream<T> {
  const maxWaitTimeMs = maxWaitTime === undefined ? 0 : Duration.from(maxWaitTime).toMillis();
  if (maxWaitTimeMs < 0)
    throw new UsageError(`iterate got the wait time ${maxWaitTimeMs} ms. Give a time from 0 ms, which waits until the loop is empty.`);
  if (maxRounds !== undefined && (!Number.isSafeInteger(maxRounds) || maxRounds < 1)) {
    throw new UsageError(`iterate got maxRounds ${show(maxRounds)}. Give a whole number from 1, or leave it out.`);
  }
  const { program } = scope;
  const iteration: Iteration = {
    id: `iteration ${program.transformations.length}`,
    inputType: program.typeOf(input),
    isApart: false,
    tail: undefined,
  };
  const logic = iterationHead(
    { id: iteration.id, maxWaitTimeMs, maxRounds: maxRounds ?? Number.POSITIVE_INFINITY },
    () => iteration.isApart,
  );
  const id = program.addOperator({ operation: 'Iteration Source', name: 'Iteration', logic, type: iteration.inputType, input });
  return new IterativeStream<T>(scope, id, iteration);
}

function comesFrom(program: Program, id: TransformationId, origin: TransformationId): boolean {
  return id === origin || inputsOf(program.at(id)).some((input) => comesFrom(program, input, origin));
}

function neverCalled(): never {
  throw new Error('the tail of an iteration is made by its task');
}
