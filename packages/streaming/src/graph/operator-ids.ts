/**
 * The id of every operator: 32 hexadecimal digits that a restart, a slot and another machine find again.
 *
 * I1 with a uid the id follows from that alone, by Flink's hash.
 * I2 without one it follows from the operator's place: what it does, what feeds it, and which of its like it is. Names, parallelism and partitioning do not
 *    change it, nor do operators elsewhere in the program.
 */
import { UsageError } from '@millrace/core/base/errors';
import { murmur3 } from './murmur3.ts';
import type { StreamGraph, StreamNode } from './stream-graph.ts';

/** By index of the node. Throws a `UsageError` for two operators of one uid. */
export function operatorIds(graph: StreamGraph): readonly string[] {
  checkUids(graph.nodes);
  const ids: string[] = [];
  const seen = new Map<string, number>();
  for (const { index, operator } of graph.nodes) {
    const inputs = graph.edges
      .filter((edge) => edge.target === index)
      .map((edge) => [ids[edge.source], edge.tag ?? null, ...(edge.inputIndex === 1 ? [1] : [])]);
    const place = JSON.stringify([operator.operation, inputs]);
    const ordinal = seen.get(place) ?? 0;
    seen.set(place, ordinal + 1);
    ids.push(operator.uid === undefined ? murmur3(`${place}${ordinal}`) : murmur3(operator.uid));
  }
  return ids;
}

function checkUids(nodes: readonly StreamNode[]): void {
  const owners = new Map<string, StreamNode>();
  for (const node of nodes) {
    const { uid } = node.operator;
    if (uid === undefined) continue;
    const owner = owners.get(uid);
    if (owner !== undefined) {
      throw new UsageError(`The uid '${uid}' is given to two operators, '${owner.name}' and '${node.name}'. Give each a uid of its own.`);
    }
    owners.set(uid, node);
  }
}
