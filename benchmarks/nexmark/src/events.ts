import { DataGeneratorSource } from '@millrace/connectors/datagen';
import { FileSource, JsonLinesFormat } from '@millrace/connectors/file';
import {
  type DataStream,
  Duration,
  type Emittable,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from 'millrace';
import { nexmarkGenerator } from './generator.ts';
import { type Auction, type Bid, type Event, EventType, type Person } from './model.ts';

export interface Input {
  readonly events: number | undefined;
  readonly rate: number;
  readonly file: string | undefined;
}

/** Nexmark's watermark is `dateTime` − 4 s; the strategy takes 1 ms more than it is told. */
const strategy = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(3_999));

/**
 * The events of a job and the three views of them. From the generator as many readers as the job has subtasks share them by number; a file has one reader, and what
 * is made of its records before they are keyed is done in their order.
 */
export class Events {
  readonly all: SingleOutputStreamOperator<Event>;
  readonly #readers: number | undefined;

  constructor(env: StreamExecutionEnvironment, input: Input) {
    this.#readers = input.file === undefined ? undefined : 1;
    this.all = input.file === undefined ? generated(env, input) : read(env, input.file, input.events);
  }

  bids(): SingleOutputStreamOperator<Bid> {
    return this.inOrder(this.all.filter((event): event is Bid => event.type === 'bid'));
  }

  auctions(): SingleOutputStreamOperator<Auction> {
    return this.inOrder(this.all.filter((event): event is Auction => event.type === 'auction'));
  }

  persons(): SingleOutputStreamOperator<Person> {
    return this.inOrder(this.all.filter((event): event is Person => event.type === 'person'));
  }

  /** Keeps an operator beside the source, whatever the parallelism of the job. */
  inOrder<R extends Emittable>(stream: SingleOutputStreamOperator<R>): SingleOutputStreamOperator<R> {
    return this.#readers === undefined ? stream : stream.setParallelism(this.#readers);
  }
}

function generated(env: StreamExecutionEnvironment, input: Input): SingleOutputStreamOperator<Event> {
  const source = new DataGeneratorSource(nexmarkGenerator(input.rate), input.events ?? 0, { type: EventType });
  return env.fromSource(
    source,
    strategy.withTimestampAssigner((event: Event) => event.dateTime),
    'events',
  );
}

/** One reader, in file order, with a watermark after every record. */
function read(env: StreamExecutionEnvironment, file: string, limit: number | undefined): SingleOutputStreamOperator<Event> {
  env.getConfig().setAutoWatermarkRecords(1);
  const source = FileSource.forRecordStreamFormat(new JsonLinesFormat(EventType), file).build();
  const events: DataStream<Event> & SingleOutputStreamOperator<Event> = env
    .fromSource(
      source,
      strategy.withTimestampAssigner((event: Event) => event.dateTime),
      'events',
    )
    .setParallelism(1);
  if (limit === undefined) return events;
  let left = limit;
  return events.filter({ filter: () => left-- > 0 }).setParallelism(1);
}
