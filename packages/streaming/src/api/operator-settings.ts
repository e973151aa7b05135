/** The settings that operators and sinks share, each checked at its call. */
import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { checkParallelism } from '../graph/parallelism.ts';
import type { OperatorTransformation, TransformationId } from '../graph/transformation.ts';
import { show } from './function-checks.ts';
import type { Program } from './program.ts';

export function setName(program: Program, id: TransformationId, name: string): void {
  program.change(id, { name: checkText(name, `name of '${program.nameOf(id)}'`) });
}

export function setDescription(program: Program, id: TransformationId, description: string): void {
  program.change(id, { description: checkText(description, `setDescription of '${program.nameOf(id)}'`) });
}

export function setUid(program: Program, id: TransformationId, uid: string): void {
  program.change(id, { uid: checkText(uid, `uid of '${program.nameOf(id)}'`) });
}

export function setSlotSharingGroup(program: Program, id: TransformationId, group: string): void {
  program.change(id, { slotSharingGroup: checkText(group, `slotSharingGroup of '${program.nameOf(id)}'`) });
}

export function setParallelism(program: Program, id: TransformationId, parallelism: number): void {
  const where = `setParallelism of '${program.nameOf(id)}'`;
  checkParallelism(parallelism, where);
  const operator = program.operator(id);
  if (operator.notParallel !== undefined && parallelism !== 1) {
    const next = operator.logic.kind === 'sink' ? 'Leave it at 1' : 'Leave it at 1 and call rebalance() behind it';
    throw new UsageError(`${where} got ${parallelism}, but ${operator.notParallel}. ${next}.`);
  }
  program.change(id, checkedAgainstMaximum(where, { ...operator, parallelism }));
}

export function setMaxParallelism(program: Program, id: TransformationId, maxParallelism: number): void {
  const where = `setMaxParallelism of '${program.nameOf(id)}'`;
  checkParallelism(maxParallelism, where);
  program.change(id, checkedAgainstMaximum(where, { ...program.operator(id), maxParallelism }));
}

export function setBufferTimeout(program: Program, id: TransformationId, timeout: DurationLike): void {
  program.change(id, { bufferTimeoutMs: checkBufferTimeout(timeout, `setBufferTimeout of '${program.nameOf(id)}'`) });
}

/** 0 ms sends every record at once, −1 ms only full buffers. */
export function checkBufferTimeout(timeout: DurationLike, where: string): number {
  const millis = Duration.from(timeout).toMillis();
  if (millis < -1)
    throw new UsageError(
      `${where} got ${millis} ms. Give 0 ms for every record at once, -1 ms for full buffers only, or a time to wait at most.`,
    );
  return millis;
}

export function checkText(text: unknown, where: string): string {
  if (typeof text !== 'string' || text.trim() === '')
    throw new UsageError(`${where} got ${text === '' ? 'an empty text' : show(text)}. Give it a text that is not empty.`);
  return text;
}

export function checkIdentifier(identifier: string | undefined, where: string): string | undefined {
  return identifier === undefined ? undefined : checkText(identifier, where);
}

function checkedAgainstMaximum(where: string, operator: OperatorTransformation): OperatorTransformation {
  const { parallelism, maxParallelism } = operator;
  if (parallelism !== undefined && maxParallelism !== undefined && parallelism > maxParallelism) {
    throw new UsageError(
      `${where}: a parallelism of ${parallelism} is above the operator's maximum parallelism of ${maxParallelism}. Lower the one or raise the other.`,
    );
  }
  return operator;
}
