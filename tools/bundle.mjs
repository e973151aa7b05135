/**
 * Puts the modules of each thing that is started into few files: the command, the TaskManager, a slot, a coordinator, and what programs import. Opening a file costs more than
 * running what is in it: with one file for each module a job's processes and threads opened some 1,500, which was half of their time until the first record.
 *
 * All of them share their chunks, so each module is there once in a thread. Programs that are started by `node job.js`, and the tests, use the modules one by one.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = (name) => join(root, 'packages', name, 'dist');
const outdir = join(dist('cluster'), 'bundle');
const stamp = join(outdir, 'stamp.json');
const family = ['core', 'streaming', 'runtime', 'connectors', 'cluster'];

/** What is started by its file name. */
const entries = {
  main: 'cli/main.js',
  'task-manager-main': 'local/task-manager-main.js',
  'slot-main': 'local/slot-main.js',
  'coordinator-main': 'local/coordinator-main.js',
};
/** What programs import, and the file of the bundle that has it (read by packages/cluster/src/client/program-host.ts). */
const modules = {
  millrace: { file: './module-millrace.js', from: join(dist('cluster'), 'index.js') },
  '@millrace/connectors/datagen': { file: './module-datagen.js', from: join(dist('connectors'), 'datagen/index.js') },
  '@millrace/connectors/file': { file: './module-file.js', from: join(dist('connectors'), 'file/index.js') },
};

/** Makes the bundle, unless it is of what was compiled last. */
export async function bundle() {
  const newest = newestOf();
  if (isOf(newest)) return;
  const { build } = await import('esbuild');
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: {
      ...Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(dist('cluster'), path)])),
      ...Object.fromEntries(Object.values(modules).map(({ file, from }) => [file.slice(2, -3), from])),
    },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
    external: dependencies(),
    define: { MILLRACE_MODULES: JSON.stringify(Object.fromEntries(Object.entries(modules).map(([name, { file }]) => [name, file]))) },
  });
  writeFileSync(stamp, JSON.stringify({ newest }));
}

/** Packages of others stay where they are installed. */
function dependencies() {
  const names = family.flatMap((name) =>
    Object.keys(JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).dependencies ?? {}),
  );
  return names.filter((name) => !name.startsWith('@millrace/')).flatMap((name) => [name, `${name}/*`]);
}

function isOf(newest) {
  try {
    return JSON.parse(readFileSync(stamp, 'utf8')).newest === newest;
  } catch {
    return false; // none yet
  }
}

/** How many files were compiled, and when the last of them and this file were written. */
function newestOf() {
  let newest = statSync(fileURLToPath(import.meta.url)).mtimeMs;
  let count = 0;
  for (const name of family)
    for (const entry of readdirSync(dist(name), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.js') || entry.name.endsWith('.test.js') || entry.parentPath.startsWith(outdir)) continue;
      count += 1;
      newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
    }
  return `${count} files, ${newest}`;
}
