// Who may import whom, and that no value import goes in a circle.
import { posix } from 'node:path';
import { importsOf, lineOf } from './sources.mjs';

/** `packages/runtime/src/task/slot.ts` → `runtime/task`; a file directly in `src` belongs to the package's own room. */
export function roomOf(path) {
  const [, packageName, , room, ...rest] = path.split('/');
  return rest.length === 0 ? packageName : `${packageName}/${room}`;
}

export function resolve(source, specifier, layers, known) {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(source.path), specifier));
  for (const [name, folder] of Object.entries(layers.packages)) {
    if (specifier === name) return `packages/${folder}/src/index.ts`;
    if (!specifier.startsWith(`${name}/`)) continue;
    const inside = `packages/${folder}/src/${specifier.slice(name.length + 1)}`;
    return known.has(`${inside}.ts`) ? `${inside}.ts` : `${inside}/index.ts`;
  }
  return undefined;
}

export function checkLayers(sources, layers) {
  const known = new Set(sources.map((source) => source.path));
  const problems = [];
  for (const source of sources) {
    const room = roomOf(source.path);
    const allowed = layers.rooms[room];
    if (allowed === undefined) {
      problems.push(`${source.path}: the room '${room}' is not in tools/tidy/layers.json. Rooms: ${Object.keys(layers.rooms).join(', ')}.`);
      continue;
    }
    for (const entry of importsOf(source)) problems.push(...checkImport(source, room, entry, { layers, known, allowed }));
  }
  return problems;
}

function checkImport(source, room, { node, specifier }, { layers, known, allowed }) {
  const where = `${source.path}:${lineOf(source, node)}`;
  const target = resolve(source, specifier, layers, known);
  if (target === undefined) return checkOutside(where, source, room, specifier, layers);
  if (!known.has(target)) return [`${where}: '${specifier}' points at ${target}, which does not exist.`];
  const targetRoom = roomOf(target);
  if (targetRoom === room) return [];
  if (!source.test && targetRoom.startsWith('testing')) return [`${where}: production code never imports testing.`];
  if (source.test || allowed.some((name) => targetRoom === name || targetRoom.startsWith(`${name}/`))) return [];
  return [`${where}: ${room} must not import ${targetRoom}. It may import: ${allowed.join(', ') || 'nothing'}.`];
}

function checkOutside(where, source, room, specifier, layers) {
  if (source.test) return [];
  const name = specifier.startsWith('node:')
    ? 'node:'
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
  const allowed = layers.outside[room] ?? layers.outside[room.split('/')[0]] ?? [];
  const folder = source.path.split('/').slice(0, -1).join('/');
  if (allowed.includes(name) || (layers.outsideFolders[folder] ?? []).includes(name)) return [];
  return [`${where}: ${room} must not import '${specifier}'. From outside it may import: ${allowed.join(', ') || 'nothing'}.`];
}

/** Strongly connected components of value imports (Tarjan 1972), tests included: a test that closes a circle hides one. */
export function checkCycles(sources, layers) {
  const known = new Set(sources.map((source) => source.path));
  const edges = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source)
        .filter((entry) => entry.value)
        .map((entry) => resolve(source, entry.specifier, layers, known))
        .filter((target) => known.has(target)),
    ]),
  );
  return components(edges)
    .filter((members) => members.length > 1 || edges.get(members[0]).includes(members[0]))
    .map(
      (members) =>
        `value-import cycle: ${[...members].reverse().join(' → ')}. Move what both need into a file of its own, or import the type only.`,
    );
}

function components(edges) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const result = [];
  const connect = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of edges.get(node)) {
      if (!index.has(next)) connect(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    result.push(stack.splice(stack.indexOf(node)));
  };
  for (const node of edges.keys()) if (!index.has(node)) connect(node);
  return result;
}
