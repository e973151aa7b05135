// Goal: a side output that is read from another operator than the one that emits to it is told of; one that nobody reads is not. Method: whole jobs, chained and not, their standard error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataStream } from '@millrace/streaming/api/data-stream';
import { OutputTag } from '@millrace/streaming/contract/output-tag';
import { TestEnvironment } from '../index.ts';

const ODD = new OutputTag<number>('odd');
const OTHER = new OutputTag<number>('other');

/** What a job says of three numbers, the odd ones of which `first` puts aside. */
async function told(
  read: (first: ReturnType<typeof parted>, second: ReturnType<typeof parted>) => DataStream<number>,
  chained: boolean,
): Promise<{ readonly output: string; readonly read: readonly number[] }> {
  const env = TestEnvironment.create();
  if (!chained) env.disableOperatorChaining();
  const first = parted(env.fromData(1, 2, 3), ODD).name('first');
  const second = parted(first, OTHER).name('second');
  second.print();
  const sink = env.collect(read(first, second));
  await env.execute();
  return { output: env.takeOutput(), read: sink.take() };
}

function parted(numbers: DataStream<number>, tag: OutputTag<number>) {
  return numbers.process<number>({
    processElement(n, context, out) {
      if (n % 2 === 1) context.output(tag, n);
      out.collect(n);
    },
  });
}

for (const chained of [true, false]) {
  test(`read from the wrong operator, ${chained ? 'chained' : 'in tasks of their own'}`, async () => {
    const { output, read } = await told((_first, second) => second.getSideOutput(ODD), chained);
    const lines = output.split('\n').filter((line) => line.includes("'odd'"));
    assert.equal(lines.length, 1, output);
    assert.match(
      lines[0] as string,
      /'first' emits to the side output 'odd', which is read from 'second' and not from it: what it emits there is dropped\. Call getSideOutput on the result of the operator that emits\.$/,
    );
    assert.deepEqual(read, []);
  });

  test(`read where it should be, ${chained ? 'chained' : 'in tasks of their own'}: what nobody reads is nobody's business`, async () => {
    const { output, read } = await told((first) => first.getSideOutput(ODD), chained);
    assert.doesNotMatch(output, /side output/);
    assert.deepEqual(read, [1, 3]);
  });
}
