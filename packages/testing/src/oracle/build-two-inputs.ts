/** Operators of two streams and more, as a user would write them. */
import { rich } from '@millrace/streaming/api/rich-functions';
import { MultipleConnectedStreams } from '@millrace/streaming/api/multiple-connected-streams';
import { Duration } from '@millrace/core/config/duration';
import type { Made, Records, TimedRecord } from './build-program.ts';
import { gridOf } from './build-windows.ts';
import { alone, copiesOf, grouped, joined, marked } from './operations.ts';
import { coBuckets, manyBuckets, ruled, RULES } from './process-functions.ts';
import type { IntervalJoinPlan, ManyInputsPlan, OracleRecord, TwoInputPlan, TwoStreamWindowPlan } from './program.ts';

const keyOf = ({ k }: OracleRecord) => k;

export function twoInputs(node: TwoInputPlan, first: Records, second: Records): Made {
  switch (node.op) {
    case 'coMap':
      return coMapped(node.flat, first, second);
    case 'coTimers':
      return first
        .keyBy(keyOf)
        .connect(second.keyBy(keyOf))
        .process<TimedRecord>(() => coBuckets(node));
    case 'rules':
      return first
        .keyBy(keyOf)
        .connect(second.broadcast(RULES))
        .process<TimedRecord>(() => ruled());
    case 'intervalJoin':
      return intervalJoined(node, first, second);
    case 'windowJoin':
    case 'coGroup':
      return windowsOfTwo(node, first, second);
  }
}

type Four<X> = readonly [X, X, X, X];

/** Three are taken for four, which their types only say. */
export function manyInputs(node: ManyInputsPlan, inputs: readonly Records[]): Made {
  const keys = inputs.map(() => keyOf) as readonly unknown[] as Four<typeof keyOf>;
  return MultipleConnectedStreams.of(...(inputs as readonly unknown[] as Four<Records>))
    .keyBy<number>(...keys)
    .process<TimedRecord>(() => manyBuckets(node));
}

function coMapped(flat: boolean, first: Records, second: Records): Made {
  const connected = first.connect(second);
  if (!flat)
    return connected.map<TimedRecord>(
      (record) => marked(record, 0),
      (record) => marked(record, 1),
    );
  return connected.flatMap<TimedRecord>(
    (record) => copiesOf(marked(record, 0), 2),
    function* (record) {
      yield* copiesOf(marked(record, 1), 3);
    },
  );
}

function intervalJoined(node: IntervalJoinPlan, first: Records, second: Records): Made {
  const join = first
    .keyBy(keyOf)
    .intervalJoin(second.keyBy(keyOf))
    .between(Duration.ofMillis(node.lowerMs), Duration.ofMillis(node.upperMs));
  if (node.lowerExclusive) join.lowerBoundExclusive();
  if (node.upperExclusive) join.upperBoundExclusive();
  if (node.outer !== 'inner') return join[node.outer]().process<TimedRecord>((left, right) => pairOf(left, right));
  return join.process<TimedRecord>(rich(() => ({ processElement: (left, right, _context, out) => out.collect(joined(left, right)) })));
}

function pairOf(left: OracleRecord | undefined, right: OracleRecord | undefined): OracleRecord | undefined {
  if (left !== undefined && right !== undefined) return joined(left, right);
  return left === undefined ? right && alone(right, false) : alone(left, true);
}

function windowsOfTwo({ op, sizeMs, slideMs }: TwoStreamWindowPlan, first: Records, second: Records): Made {
  const assigner = gridOf({ sizeMs, slideMs, offsetMs: 0 });
  if (op === 'windowJoin')
    return first
      .join(second)
      .where(keyOf)
      .equalTo(keyOf)
      .window(assigner)
      .apply<TimedRecord>((left, right) => joined(left, right));
  return first
    .coGroup(second)
    .where(keyOf)
    .equalTo(keyOf)
    .window(assigner)
    .apply<TimedRecord>((left, right) => {
      const [one] = [...left, ...right] as [OracleRecord];
      return grouped(one.k, left, right);
    });
}
