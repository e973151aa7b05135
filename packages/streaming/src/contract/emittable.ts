/** What may be emitted: no promise, no `undefined`. What else cannot be restored (functions, foreign classes) is refused at the first record. */
export type Emittable = { valueOf(): unknown; readonly then?: 'no promise here: asynchronous functions go to AsyncDataStream' } | null;

/** What a callback returns that returns nothing; a bare `void` would accept an async function. */
// biome-ignore lint/suspicious/noConfusingVoidType: this is the one place that says so
export type Nothing = void | undefined;

export type MaybePromise<T> = T | PromiseLike<T>;

/** Where a rich function emits. Unlike an iterable that is returned, it cannot be suspended under back-pressure. */
export interface Collector<in T> {
  collect(record: T): void;
}
