/** Hooks of Node's module loader: change one file of the engine on its way in, and fail where the text to change is not there any more, or more than once. */
import type { PlantedBug } from './planted-bugs.ts';

let bug: PlantedBug | undefined;

export function initialize(planted: PlantedBug): void {
  bug = planted;
}

interface Loaded {
  readonly format: string;
  readonly source?: string | ArrayBuffer | Uint8Array;
}

export async function load(url: string, context: unknown, next: (url: string, context: unknown) => Promise<Loaded>): Promise<Loaded> {
  const loaded = await next(url, context);
  if (bug === undefined || !url.endsWith(bug.file)) return loaded;
  const text = Buffer.from(loaded.source as Uint8Array).toString();
  const found = text.split(bug.from).length - 1;
  if (found !== 1)
    throw new Error(
      `'${bug.name}' cannot be planted: '${bug.from}' is ${found} times in ${bug.file}. Plant it in the one place where it is a bug.`,
    );
  return { ...loaded, source: text.replace(bug.from, () => (bug as PlantedBug).to) };
}
