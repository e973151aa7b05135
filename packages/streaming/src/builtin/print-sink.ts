/**
 * Writes records as lines on a standard stream of the process that runs the job. Flink: PrintSink.
 *
 * P1 a line is `id:subtask> record`; the subtask counts from 1 and is there only at parallelism > 1, the prefix only where there is an id or a subtask.
 * P2 lines of one subtask keep their order. They are written in batches: at BATCH_CHARS, when the task has nothing to read, and at the end.
 */
import type { Sink, SinkWriter, StandardStreams, WriterInitContext } from '../contract/sink.ts';
import type { MaybePromise } from '../contract/emittable.ts';
import { jsonTextOf } from './json-text.ts';

const BATCH_CHARS = 32 * 1024;

export class PrintSink implements Sink<unknown> {
  readonly identifier: string | undefined;
  readonly stream: 'stdout' | 'stderr';

  constructor(identifier?: string, stream: 'stdout' | 'stderr' = 'stdout') {
    this.identifier = identifier;
    this.stream = stream;
  }

  createWriter(context: WriterInitContext): SinkWriter<unknown> {
    const runtime = context.getRuntimeContext();
    const subtask = runtime.getNumberOfParallelSubtasks() > 1 ? `${runtime.getIndexOfThisSubtask() + 1}` : '';
    const id = this.identifier ?? '';
    const name = id !== '' && subtask !== '' ? `${id}:${subtask}` : id + subtask;
    return new PrintWriter(name === '' ? '' : `${name}> `, context.standardStreams, this.stream);
  }
}

class PrintWriter implements SinkWriter<unknown> {
  readonly #prefix: string;
  readonly #streams: StandardStreams;
  readonly #stream: 'stdout' | 'stderr';
  #lines = '';

  constructor(prefix: string, streams: StandardStreams, stream: 'stdout' | 'stderr') {
    this.#prefix = prefix;
    this.#streams = streams;
    this.#stream = stream;
  }

  write(record: unknown): MaybePromise<void> {
    this.#lines += `${this.#prefix}${typeof record === 'string' ? record : jsonTextOf(record)}\n`;
    if (this.#lines.length >= BATCH_CHARS) return this.flush();
  }

  flush(): MaybePromise<void> {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    return this.#streams.write(this.#stream, lines);
  }

  close(): void {}
}
