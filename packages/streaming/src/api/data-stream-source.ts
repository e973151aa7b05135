import { SingleOutputStreamOperator } from './single-output-stream-operator.ts';

/** The records of a source. Its parallelism is the number of its readers. */
export class DataStreamSource<out T> extends SingleOutputStreamOperator<T> {}
