/** What the thread of a slot is doing, seen from outside: for a task that does not stop, a function that does not return, and memory that grows in one call. */

export interface CodePlace {
  readonly executionId: string;
  readonly taskName: string; // `Source: numbers -> Map (1/4)`
  /** Undefined where only the task is known. */
  readonly operator: { readonly name: string; readonly uid: string | undefined } | undefined;
  /** `its close()`: what the engine has called, where it is not the path of a record. */
  readonly call: string | undefined;
}

export interface SlotReport {
  /** Whose code is on the stack; undefined for none, and for code that no operator was called for, such as a timer of the program. */
  readonly running: CodePlace | undefined;
  /** The program's frames, innermost first, as `spin (job.ts:3:9)`. Empty where nothing of the program is on the stack. */
  readonly frames: readonly string[];
  /** Tasks that wait for a promise of the program. */
  readonly waiting: readonly CodePlace[];
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  /** What the memory guard says when it looks now, at most once in a while; undefined while the slot is within its share. */
  readonly overLimit: string | undefined;
}

const FRAMES_SHOWN = 3;

/** A sentence for messages. `report` is undefined where the thread did not answer. */
export function describeReport(report: SlotReport | undefined): string {
  if (report === undefined) return 'Its thread does not answer: it is in a native call, such as one that waits for another process.';
  const { running, frames, waiting } = report;
  if (frames.length > 0)
    return `${running === undefined ? 'Code that no operator was called for' : placeOf(running)} is in ${path(frames)}.`;
  if (running !== undefined) return `${placeOf(running)} is at work, in no function of the program's own.`;
  if (waiting.length === 0) return 'Nothing of the program is at work in its thread.';
  return waiting.map((place) => `${placeOf({ ...place, call: undefined })} waits for ${place.call} to settle.`).join(' ');
}

/** The task that keeps its slot from going on. */
export function culpritOf(report: SlotReport | undefined): CodePlace | undefined {
  return report?.running ?? report?.waiting[0];
}

function placeOf({ taskName, operator, call }: CodePlace): string {
  const subtask = /\((\d+\/\d+)\)$/.exec(taskName)?.[1];
  const uid = operator?.uid === undefined ? '' : ` (uid ${operator.uid})`;
  const who = operator === undefined ? taskName : `Operator '${operator.name}'${uid}, subtask ${subtask},`;
  return call === undefined ? who : `${who} in ${call},`;
}

function path(frames: readonly string[]): string {
  const [innermost, ...callers] = frames.slice(0, FRAMES_SHOWN);
  return [innermost, ...callers.map((frame) => `called from ${frame}`)].join(', ');
}
