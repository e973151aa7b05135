/** Read with `for await`; leaving the loop cancels the job. */
export interface CloseableIterator<out T> extends AsyncIterableIterator<T> {
  /** Cancels the job if it still runs, and settles when it has ended. May be called twice. */
  close(): Promise<void>;
}
