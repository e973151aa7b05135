import { StreamExecutionEnvironment } from 'millrace';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromSequence(1, 10).print();
await env.execute('start-up');
