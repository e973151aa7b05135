interface Subject {
  readonly key: { readonly value: unknown } | undefined;
  readonly record: { readonly value: unknown } | undefined;
}

/**
 * Says in which call of a user's object an error was thrown, on its way to the task, which adds the operator and makes the one message. Never leaves the task.
 */
export class FailingCall extends Error {
  /** As it stands in the message: `failed in onTimer at 5000`. */
  readonly call: string;
  /** The key it was called for, if there was one. */
  readonly key: { readonly value: unknown } | undefined;
  /** The record it was called for, where the task cannot know: it has taken others since. */
  readonly record: { readonly value: unknown } | undefined;

  private constructor(call: string, error: unknown, { key, record }: Subject) {
    super(call, { cause: error });
    this.name = 'FailingCall';
    this.call = call;
    this.key = key;
    this.record = record;
  }

  /** An error that says its call already stays as it is: the innermost is the right one. */
  static of(call: string, error: unknown, key?: { readonly value: unknown }): FailingCall {
    return error instanceof FailingCall ? error : new FailingCall(call, error, { key, record: undefined });
  }

  static ofRecord(call: string, error: unknown, record: unknown): FailingCall {
    return error instanceof FailingCall ? error : new FailingCall(call, error, { key: undefined, record: { value: record } });
  }
}
