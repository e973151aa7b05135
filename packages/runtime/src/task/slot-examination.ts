/**
 * Finds out what the thread of a slot is doing: from its stack, and from what its tasks know of themselves.
 *
 * It may run in the middle of anything, for a thread that does not come back is interrupted for it: it reads, and changes nothing.
 */
import type { CodePlace, SlotReport } from '../protocol/slot-report.ts';
import type { BuiltTask } from './built-task.ts';
import type { Task } from './task.ts';
import { userFrames } from './user-code-error.ts';

/** A frame of a chain's generated text. */
const CHAIN_FRAME = /millrace-generated\/chain\/[^:]*\.js:(\d+):\d+/;
/** Frames behind which an operator's code is called beside the path of records: there the walk knows which. */
const WALK_FRAME = /[\\/]task[\\/](?:chain-walk|task-builder)\.[jt]s/;
/** The beginning of what the walk then waits for. */
const CALL_FRAME = /ChainWalk\.during/;
const SOURCE_FRAME = /[\\/]task[\\/]source-input\.[jt]s/;

export interface Examined {
  readonly tasks: readonly Task[];
  /** Whose turn it is; undefined between turns. */
  readonly current: Task | undefined;
  readonly stack: string;
  readonly workingDirectory: string | undefined;
}

export function examine({ tasks, current, stack, workingDirectory }: Examined): Pick<SlotReport, 'running' | 'frames' | 'waiting'> {
  const frames = userFrames(stack, workingDirectory);
  const waiting = tasks.flatMap((task) => waitOf(task) ?? []);
  if (current !== undefined) {
    return {
      running: runningOf(current, stack),
      frames,
      waiting: waiting.filter(({ executionId }) => executionId !== current.executionId),
    };
  }
  // Between turns the code of an operator runs only where the engine has called it and waits for what it returns.
  if (frames.length > 0 && waiting.length > 0) return { running: waiting.at(-1), frames, waiting: waiting.slice(0, -1) };
  return { running: undefined, frames, waiting };
}

function runningOf(task: Task, stack: string): CodePlace {
  const { built } = task;
  const { place, call } = (built && placeOnStack(built, stack)) ?? {};
  if (built === undefined || place === undefined) return { ...nameOf(task), operator: undefined, call: undefined };
  return { ...nameOf(task), operator: operatorAt(built, place), call: call && `its ${call}` };
}

/** The innermost frame that says it. */
function placeOnStack(built: BuiltTask, stack: string): { readonly place: number; readonly call?: string } | undefined {
  const { waitsFor, shown } = built.walk;
  for (const line of stack.split('\n')) {
    const [, row] = CHAIN_FRAME.exec(line) ?? [];
    const place = row === undefined ? undefined : built.placeAtLine(Number(row));
    if (place !== undefined) return { place };
    if (CALL_FRAME.test(line) && waitsFor !== undefined) return { place: waitsFor.step.plan.index, call: waitsFor.name };
    if (WALK_FRAME.test(line) && shown !== undefined) return { place: shown.plan.index };
    if (SOURCE_FRAME.test(line)) return { place: 0 };
  }
  return built.steps.length === 1 ? { place: 0 } : undefined;
}

function waitOf(task: Task): CodePlace | undefined {
  const { built } = task;
  if (built === undefined) return { ...nameOf(task), operator: undefined, call: 'the top level of the program' };
  const call = built.walk.waitsFor;
  return call && { ...nameOf(task), operator: operatorAt(built, call.step.plan.index), call: `its ${call.name}` };
}

function nameOf({ executionId, name }: Task): Pick<CodePlace, 'executionId' | 'taskName'> {
  return { executionId, taskName: name };
}

function operatorAt(built: BuiltTask, place: number): CodePlace['operator'] {
  const { operatorName, uid } = built.operatorAt(place);
  return { name: operatorName, uid };
}
