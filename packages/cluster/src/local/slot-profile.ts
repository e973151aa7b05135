/**
 * The CPU profile of the slot in which a chosen subtask runs: begun when the subtask is running, written when it has ended, however it ends.
 *
 * Owned by the slot's thread, whose messages pass it. A profile is of a thread: subtasks that share the slot are in it, told apart by their operators.
 *
 * F1 the file is complete before the terminal state of the subtask is told: who hears that a job has ended finds it.
 * F2 no file of an earlier attempt, or of another subtask, is overwritten: the name gets a number.
 * F3 what goes wrong here never changes how the subtask ends.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FromSlot, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import { isTerminal } from '@millrace/runtime/protocol/execution-state';
import { methodsOf, type OperatorFunctions } from '@millrace/runtime/task/operator-functions';
import { type CpuProfile, CpuProfiler } from './cpu-profiler.ts';
import { isProfiled, PROFILE_EXTENSION, type ProfileSettings } from './profile-settings.ts';
import { originalsFromMaps, withSources } from './profile-sources.ts';
import { PROFILER, summaryOf, tableText } from './profile-table.ts';

export interface SlotProfilePorts {
  /** Of the tasks that are in the slot. */
  operatorFunctions(): readonly OperatorFunctions[];
  /** For standard error. */
  print(text: string): void;
}

/** More than any run of one command writes. */
const NAMES_MAX = 10_000;

export class SlotProfile {
  readonly #settings: ProfileSettings;
  readonly #ports: SlotProfilePorts;
  /** Those that are profiled and have not ended: names by execution. */
  readonly #tasks = new Map<string, string>();
  #running: { readonly profiler: CpuProfiler; readonly name: string; readonly operators: Map<string, string[]> } | undefined = undefined;

  constructor(settings: ProfileSettings, ports: SlotProfilePorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Before the slot takes the message. */
  receives(message: ToSlot): void {
    if (message.type !== 'deploy') return;
    const { vertices } = message.job.jobGraph;
    for (const { task } of message.tasks) {
      const vertex = vertices.find(({ id }) => id === task.vertexId);
      if (vertex !== undefined && isProfiled(this.#settings, vertex, task.subtask))
        this.#tasks.set(task.executionId, `${vertex.name} (${task.subtask + 1}/${vertex.parallelism})`);
    }
  }

  /** Before anybody hears of it (F1). */
  posts(message: FromSlot): void {
    if (message.type !== 'state') return;
    const name = this.#tasks.get(message.executionId);
    if (message.state === 'RUNNING') {
      if (name !== undefined) this.#begin(name);
      this.#nameOperators();
    }
    if (name === undefined || !isTerminal(message.state)) return;
    this.#tasks.delete(message.executionId);
    if (this.#tasks.size === 0) this.#end();
  }

  #begin(name: string): void {
    if (this.#running !== undefined) return;
    this.#guarded(() => {
      const profiler = new CpuProfiler();
      profiler.start();
      this.#running = { profiler, name, operators: new Map() };
    });
  }

  #end(): void {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    this.#guarded(() => {
      const profile = running.profiler.stop();
      running.profiler.close();
      const shown = withSources(profile, originalsFromMaps());
      const path = this.#write(shown, running.name);
      const table = tableText(summaryOf(profile, shown, running.operators), this.#settings.workingDirectory);
      this.#ports.print(`millrace: CPU profile of ${running.name} and what shares its thread, in ${path}: ${table}`);
    });
  }

  /** Whenever a task begins: one that has ended has left the slot, and its functions with it. */
  #nameOperators(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#guarded(() => {
      const own = { operatorName: PROFILER, functions: methodsOf(CpuProfiler.prototype) };
      const owned = [own, ...this.#ports.operatorFunctions()].flatMap(({ operatorName, functions }) =>
        functions.map((code) => ({ operatorName, code })),
      );
      const places = running.profiler.placesOf(owned.map(({ code }) => code));
      for (const [index, place] of places.entries()) {
        const name = owned[index]?.operatorName;
        if (place === undefined || name === undefined) continue;
        const known = running.operators.get(place) ?? [];
        running.operators.set(place, known);
        if (!known.includes(name)) known.push(name);
      }
    });
  }

  /** F2 */
  #write(profile: CpuProfile, name: string): string {
    const { path, isDirectory } = this.#settings;
    const base = isDirectory
      ? join(
          path,
          name
            .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
            .replaceAll(/^-|-$/g, '')
            .slice(0, 100),
        )
      : withoutExtension(path);
    const text = JSON.stringify(profile);
    for (let number = 1; ; number++) {
      const file = `${base}${number === 1 ? '' : `-${number}`}${PROFILE_EXTENSION}`;
      try {
        writeFileSync(file, text, { flag: 'wx' });
        return file;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || number === NAMES_MAX) throw error;
      }
    }
  }

  /** F3 */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#ports.print(`millrace: The CPU profile cannot be made: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

function withoutExtension(path: string): string {
  return path.slice(0, -PROFILE_EXTENSION.length);
}
