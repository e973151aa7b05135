/**
 * The bundle as a file for the client's own run of the program: modules come from files.
 *
 * C1 the file lies there only until the program's first line runs. A client that is killed later, which may be hours, leaves nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramBundle } from './bundle.ts';
import { onBegin, prepareBundle } from './program-host.ts';

let instances = 0;

/** Gives the URL to import, once. `file` is the program's entry. */
export async function writeClientBundle({ bytes }: ProgramBundle, file: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-program-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const path = join(directory, 'bundle');
    writeFileSync(path, bytes);
    const url = await prepareBundle(path, file, instances++);
    onBegin(url, () => {
      process.off('exit', remove);
      remove();
    });
    return url;
  } catch (error) {
    remove();
    throw error;
  }
}
