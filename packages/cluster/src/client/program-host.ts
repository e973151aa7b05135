/**
 * What a bundle finds when it is loaded: the modules that are not in it, and where its program really lies.
 *
 * The API must be one instance in each thread, or the environment that the program configures would not be the one that the host looks at; so `millrace` and
 * `@millrace/*` are never bundled. The bundle begins by asking `globalThis[Symbol.for('millrace.host')]` for its host, with its own URL, whose query says which
 * program it is an instance of.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '@millrace/core/base/errors';

export const HOST_SYMBOL = 'millrace.host';
export const INJECTED = /^(millrace|@millrace\/[^/]+)(\/.*)?$/;
const MANIFEST = '//# millrace-manifest=';
const SOURCE_MAP = '//# sourceMappingURL=data:application/json;base64,';

/** What the bundle needs from its host, in its last line but one. Paths are relative to the program's directory, so that equal programs give equal bytes. */
export interface BundleManifest {
  readonly modules: readonly string[];
  readonly externals: readonly string[];
}

/** The interface that the code in a bundle sees; `bundle.ts` writes that code. */
export interface ProgramHost {
  readonly modules: ReadonlyMap<string, object>;
  readonly require: NodeJS.Require;
  /** The URL of one of the program's own files, for `import.meta.url`. */
  url(relativePath: string): string;
  /** The same as paths, for `__dirname` and its kin. */
  paths(relativePath: string): { readonly filename: string; readonly dirname: string };
}

/** Set where this file is part of the bundle that `tools/bundle.mjs` makes: the files of the bundle that have what programs import, by the names they import it by. */
declare const MILLRACE_MODULES: Readonly<Record<string, string>>;
const bundledModules: Readonly<Record<string, string>> = typeof MILLRACE_MODULES === 'undefined' ? {} : MILLRACE_MODULES;

const hosts = new Map<string, ProgramHost>();
const beginnings = new Map<string, () => void>();
(globalThis as Record<symbol, unknown>)[Symbol.for(HOST_SYMBOL)] = (bundleUrl: string) => {
  beginnings.get(bundleUrl)?.();
  beginnings.delete(bundleUrl);
  return hosts.get(new URL(bundleUrl).searchParams.get('program') ?? '');
};

/** Calls `action` when the first line of the bundle with this URL runs: all that belongs to it has been read by then. */
export function onBegin(bundleUrl: string, action: () => void): void {
  beginnings.set(bundleUrl, action);
}

export function appendManifest(code: string, manifest: BundleManifest): string {
  const at = code.lastIndexOf(SOURCE_MAP);
  return `${code.slice(0, at)}${MANIFEST}${JSON.stringify(manifest)}\n${code.slice(at)}`;
}

/** Loads what the bundle at `bundlePath` needs and imports it: one instance of the program for each number. `file` is the program's entry. */
export async function importBundle(bundlePath: string, file: string, instance: number): Promise<void> {
  const url = await prepareBundle(bundlePath, file, instance);
  await import(url);
}

/** Everything that must be there before the program's first line runs. Gives the URL to import. */
export async function prepareBundle(bundlePath: string, file: string, instance: number): Promise<string> {
  const code = readFileSync(bundlePath, 'utf8');
  const program = createHash('sha256').update(code).update(file).digest('hex').slice(0, 16);
  if (!hosts.has(program)) hosts.set(program, await createHost(readManifest(code, bundlePath), file));
  const url = pathToFileURL(writeLocalBundle(bundlePath, code, file, program));
  url.searchParams.set('program', program);
  url.searchParams.set('instance', String(instance));
  return url.href;
}

async function createHost(manifest: BundleManifest, file: string): Promise<ProgramHost> {
  const directory = dirname(file);
  const modules = new Map<string, object>();
  for (const name of manifest.modules) modules.set(name, await importInjected(name, file));
  for (const path of manifest.externals) modules.set(path, await importExternal(join(directory, path)));
  return {
    modules,
    require: createRequire(file),
    url: (relativePath) => pathToFileURL(join(directory, relativePath)).href,
    paths: (relativePath) => ({ filename: join(directory, relativePath), dirname: dirname(join(directory, relativePath)) }),
  };
}

/** Loads what every program needs, before one is there. */
export function loadApi(): Promise<object> {
  return importInjected('millrace', fileURLToPath(import.meta.url));
}

/** The host's own `millrace` always; other packages of the family from the host's installation or else from the program's. */
export async function importInjected(name: string, file: string): Promise<object> {
  if (Object.hasOwn(bundledModules, name)) return (await import(new URL(bundledModules[name] as string, import.meta.url).href)) as object;
  try {
    return (await import(name)) as object;
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND' &&
      (error as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED'
    )
      throw error;
  }
  let path: string;
  try {
    path = createRequire(file).resolve(name);
  } catch (cause) {
    const [scope, rest] = name.split('/');
    const packageName = scope?.startsWith('@') === true ? `${scope}/${rest}` : scope;
    throw new UsageError(`There is no module ${name}. Correct the import, or install it with 'npm install ${packageName}'.`, {
      cause,
      reason: 'module-not-found',
    });
  }
  return (await import(pathToFileURL(path).href)) as object;
}

/** A module with native code, or one that was declared external, as a namespace with a default. */
export async function importExternal(path: string): Promise<object> {
  if (!path.endsWith('.node')) return (await import(pathToFileURL(path).href)) as object;
  const addon = createRequire(path)(path) as object;
  return { ...addon, default: addon };
}

function readManifest(code: string, bundlePath: string): BundleManifest {
  const at = code.lastIndexOf(MANIFEST);
  if (at < 0)
    throw new UsageError(`${bundlePath} is not a bundle that this version of Millrace made. Bundle the program again.`, {
      reason: 'no-bundle',
    });
  return JSON.parse(code.slice(at + MANIFEST.length, code.indexOf('\n', at))) as BundleManifest;
}

/**
 * A copy beside the bundle whose source map names the program's files where they really are, so that stacks and breakpoints lead there. The bundle itself holds
 * no absolute path: its hash is the same on every machine.
 */
function writeLocalBundle(bundlePath: string, code: string, file: string, program: string): string {
  const path = `${bundlePath}.${program}.mjs`;
  const at = code.lastIndexOf(SOURCE_MAP);
  const map = JSON.parse(Buffer.from(code.slice(at + SOURCE_MAP.length), 'base64').toString('utf8')) as { sourceRoot?: string };
  map.sourceRoot = `${pathToFileURL(dirname(file)).href}/`;
  const local = code.slice(0, at + SOURCE_MAP.length) + Buffer.from(JSON.stringify(map)).toString('base64');
  // Slots of one process do this at the same time: the name appears only with its whole content behind it.
  const unfinished = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(unfinished, `${local}\n`);
  renameSync(unfinished, path);
  return path;
}
