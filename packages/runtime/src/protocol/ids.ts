import type { Random } from '@millrace/core/base/random';

/** 32 hexadecimal digits, as Flink writes the ids of jobs, executions and allocations; also the form of fencing tokens. */
export function randomId(random: Random): string {
  let id = '';
  for (let word = 0; word < 4; word++) id += random.nextInt(0x1_0000_0000).toString(16).padStart(8, '0');
  return id;
}
