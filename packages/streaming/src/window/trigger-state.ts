/** States of the triggers of this room. Their names stand beside those of users' window states in one operator, hence the prefix. */
import { Types } from '@millrace/core/types/types';
import { ReducingStateDescriptor } from '../contract/state-descriptor.ts';

/** When the next firing is due: of merged windows the earliest. */
export function nextFiringState(trigger: string): ReducingStateDescriptor<number> {
  return new ReducingStateDescriptor(`${trigger}/next-firing`, Math.min, Types.LONG);
}

export function countState(trigger: string): ReducingStateDescriptor<number> {
  return new ReducingStateDescriptor(`${trigger}/count`, (a: number, b: number) => a + b, Types.LONG);
}
