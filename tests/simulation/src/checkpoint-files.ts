/** (j) Looks at the files of checkpoints: what a complete one refers to is there from its first moment to its last; in the end nothing is shared that none refers to. */
import type { SimulatedDisk } from '@millrace/core/sim/simulated-disk';
import { decodeMetadata } from '@millrace/runtime/checkpoint/metadata-format';
import { filesOf } from '@millrace/runtime/checkpoint/metadata-walk';

export class CheckpointFiles {
  readonly #disk: SimulatedDisk;
  readonly #violated: (what: string) => void;
  /** Of complete checkpoints, by the path of their metadata. */
  readonly #complete = new Map<string, ReadonlySet<string>>();
  /** The directories of jobs that have had one: a program that is started again goes on with its job. What others have left is not looked after by anybody. */
  readonly #jobs = new Set<string>();

  constructor(disk: SimulatedDisk, violated: (what: string) => void) {
    this.#disk = disk;
    this.#violated = violated;
  }

  completed(metadataPath: string): void {
    const base = metadataPath.slice(0, metadataPath.lastIndexOf('/chk-'));
    const files = filesOf(decodeMetadata(this.#disk.bytesOf(metadataPath), metadataPath)).map((file) => `${base}/${file}`);
    const there = new Set(this.#disk.files.map(([path]) => path));
    for (const file of files) if (!there.has(file)) this.#violated(`(j) ${metadataPath} refers to ${file}, which is not there`);
    this.#complete.set(metadataPath, new Set(files));
    this.#jobs.add(base);
  }

  removed(path: string): void {
    this.#complete.delete(path);
    for (const [metadataPath, files] of this.#complete)
      if (files.has(path)) this.#violated(`(j) ${path} was removed, and ${metadataPath} refers to it`);
  }

  check(): void {
    const used = new Set([...this.#complete.values()].flatMap((files) => [...files]));
    for (const [path] of this.#disk.files) {
      const isOurs = this.#jobs.has(path.slice(0, Math.max(0, path.indexOf('/shared/'))));
      if (isOurs && !used.has(path)) this.#violated(`(j) ${path} is left, and no checkpoint refers to it`);
    }
  }
}
