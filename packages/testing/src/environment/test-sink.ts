/** Keeps what arrives, of all subtasks, in the order of arrival; a crash takes away what came behind the checkpoint that the job begins from again. */
import { jsonSerializer } from '@millrace/streaming/builtin/json-serializer';
import type { SinkContext, StatefulSinkWriter, SupportsWriterState, WriterInitContext } from '@millrace/streaming/contract/sink';

interface Arrival<T> {
  readonly record: T;
  /** The last checkpoint whose barrier its writer had seen; 0 before the first. */
  readonly checkpointId: number;
  readonly attempt: number;
}

/** What has arrived and was not taken. What a test has taken stays taken. */
export class Arrivals<T> {
  #all: Arrival<T>[] = [];

  add(record: T, checkpointId: number, attempt: number): void {
    this.#all.push({ record, checkpointId, attempt });
  }

  take(): T[] {
    return this.#all.splice(0).map(({ record }) => record);
  }

  get records(): T[] {
    return this.#all.map(({ record }) => record);
  }

  /** An attempt begins from this checkpoint: what earlier attempts wrote behind its barrier will come again. */
  restart(checkpointId: number, attempt: number): void {
    this.#all = this.#all.filter((each) => each.attempt === attempt || each.checkpointId < checkpointId);
  }
}

export class TestSink<out T> {
  readonly #arrived: Arrivals<T>;

  /** Internal: made by `collect`. */
  constructor(arrived: Arrivals<T>) {
    this.#arrived = arrived;
  }

  /** What has arrived since the last call. */
  take(): T[] {
    return this.#arrived.take();
  }
}

/** Has no state but what the test sees; it is asked for it to learn where barriers are. */
export class ArrivalsSink<in out T, in out R = T> implements SupportsWriterState<T, never> {
  readonly #arrived: Arrivals<R>;
  readonly #keep: (record: T, context: SinkContext) => R;

  /** `keep` makes what is kept of a record. */
  constructor(arrived: Arrivals<R>, keep: (record: T, context: SinkContext) => R) {
    this.#arrived = arrived;
    this.#keep = keep;
  }

  createWriter(context: WriterInitContext): StatefulSinkWriter<T, never> {
    const attempt = context.getRuntimeContext().getAttemptNumber();
    const restored = context.getRestoredCheckpointId();
    if (restored !== undefined) this.#arrived.restart(restored, attempt);
    let checkpointId = restored ?? 0;
    return {
      write: (record, sinkContext) => this.#arrived.add(this.#keep(record, sinkContext), checkpointId, attempt),
      flush() {},
      snapshotState: (id) => {
        checkpointId = id;
        return [];
      },
      close() {},
    };
  }

  restoreWriter(context: WriterInitContext): StatefulSinkWriter<T, never> {
    return this.createWriter(context);
  }

  writerStateSerializer() {
    return jsonSerializer<never>('state of a test sink');
  }
}
