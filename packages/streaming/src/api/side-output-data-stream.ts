import { DataStream } from './data-stream.ts';

/** The side output of an operator, read by its tag. Flink: "Side Outputs". */
export class SideOutputDataStream<out T> extends DataStream<T> {}
