import type { Sink, SinkWriter } from '../contract/sink.ts';

/** Takes everything and keeps nothing: for measuring what is before it. Flink: DiscardingSink. */
export class DiscardingSink implements Sink<unknown> {
  createWriter(): SinkWriter<unknown> {
    return { write() {}, flush() {}, close() {} };
  }
}
