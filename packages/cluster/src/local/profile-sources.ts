/**
 * A profile in the words of the sources: frames of what was compiled or bundled from TypeScript are put where they were written, by the source map that the file
 * names. Frames without one stay as they are.
 */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { CpuProfile } from './cpu-profiler.ts';

type Node = CpuProfile['nodes'][number];
type Ticks = NonNullable<Node['positionTicks']>;

export interface Original {
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Where a place of a loaded file was written; undefined where nobody knows. Lines and columns from 0. */
export type FindOriginal = (url: string, lineNumber: number, columnNumber: number) => Original | undefined;

/** Further to the right than any text of a line that was compiled from code: the last thing of the line. */
const LINE_END = 100_000;

export function withSources(profile: CpuProfile, find: FindOriginal): CpuProfile {
  return { ...profile, nodes: profile.nodes.map((node) => nodeAtSource(node, find)) };
}

function nodeAtSource(node: Node, find: FindOriginal): Node {
  const { callFrame, positionTicks } = node;
  const { url, lineNumber, columnNumber } = callFrame;
  const original = url === '' ? undefined : find(url, lineNumber, columnNumber);
  if (original === undefined) return node;
  const ticks = positionTicks && ticksAtSource(positionTicks, (line) => find(url, line - 1, LINE_END), original.url);
  return { ...node, callFrame: { ...callFrame, ...original }, ...(ticks === undefined ? {} : { positionTicks: ticks }) };
}

/** Lines that come from another file than the function stay out: a tick has no file. */
function ticksAtSource(ticks: Ticks, find: (line: number) => Original | undefined, url: string): Ticks {
  const byLine = new Map<number, number>();
  for (const { line, ticks: count } of ticks) {
    const original = find(line);
    if (original?.url === url) byLine.set(original.lineNumber + 1, (byLine.get(original.lineNumber + 1) ?? 0) + count);
  }
  return [...byLine].map(([line, count]) => ({ line, ticks: count }));
}

interface LoadedMap {
  readonly map: SourceMap;
  /** What the sources that it names are relative to. */
  readonly base: string;
}

/** Reads the maps of files as they are asked for, each once. */
export function originalsFromMaps(): FindOriginal {
  const maps = new Map<string, LoadedMap | undefined>();
  return (url, lineNumber, columnNumber) => {
    if (!url.startsWith('file:')) return undefined;
    if (!maps.has(url)) maps.set(url, mapOf(url));
    const loaded = maps.get(url);
    const entry = loaded?.map.findEntry(lineNumber, columnNumber);
    if (loaded === undefined || entry === undefined || !('originalSource' in entry)) return undefined;
    return {
      url: new URL(entry.originalSource, loaded.base).href,
      lineNumber: entry.originalLine,
      columnNumber: entry.originalColumn,
    };
  };
}

function mapOf(url: string): LoadedMap | undefined {
  try {
    const named = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(tail(readFileSync(fileURLToPath(pathOnly(url)), 'utf8')))?.[1];
    if (named === undefined) return undefined;
    const embedded = /^data:application\/json;[^,]*base64,(.*)$/.exec(named)?.[1];
    const text =
      embedded === undefined
        ? readFileSync(fileURLToPath(new URL(named, pathOnly(url))), 'utf8')
        : Buffer.from(embedded, 'base64').toString('utf8');
    const payload = JSON.parse(text) as SourceMapPayload;
    return { map: new SourceMap(payload), base: new URL(payload.sourceRoot ?? '', pathOnly(url)).href };
  } catch {
    return undefined; // a frame in the words of what runs is still a frame
  }
}

function tail(text: string): string {
  return text.slice(text.lastIndexOf('//# sourceMappingURL='));
}

/** Bundles are imported once for each run, told apart by what stands behind the path. */
function pathOnly(url: string): string {
  return url.replace(/[?#].*$/, '');
}
