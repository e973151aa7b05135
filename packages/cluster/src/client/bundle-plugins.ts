/** How a bundle reaches what is not in it. The generated modules read `millraceHost`, which the bundle's first line sets (program-host.ts). */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { ImportKind, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { INJECTED, importExternal, importInjected } from './program-host.ts';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$_]*$/u;
const BARE = /^[^./]/;
const SCRIPT = /\.[cm]?[jt]sx?$/;
/** Packages that only others with native code depend on. */
const NATIVE_LOADERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'prebuild-install',
  'node-pre-gyp',
  '@mapbox/node-pre-gyp',
  'node-addon-api',
];

/** `millrace` and `@millrace/*`: each becomes a module with the names that the real one has, so that a misspelt import is an error of the build. */
export function injectedModules(file: string, found: Set<string>): Plugin {
  return {
    name: 'millrace-injected',
    setup(build) {
      build.onResolve({ filter: INJECTED }, ({ path }) => ({ path, namespace: 'millrace-injected' }));
      build.onLoad({ filter: /.*/, namespace: 'millrace-injected' }, async ({ path }) => {
        try {
          const contents = moduleText(path, Object.keys(await importInjected(path, file)));
          found.add(path);
          return { contents, loader: 'js' };
        } catch (error) {
          return { errors: [{ text: (error as Error).message }] };
        }
      });
    },
  };
}

/** Native packages, those that the configuration names, and single addons: loaded from where they are installed. */
export function externalModules(directory: string, names: readonly string[], found: Set<string>): Plugin {
  return {
    name: 'millrace-external',
    setup(build) {
      build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir, kind }) => external(directory, join(resolveDir, path), kind, found));
      build.onResolve({ filter: BARE }, (args) => resolveBare(build, args, { directory, names, found }));
      build.onLoad({ filter: /.*/, namespace: 'millrace-external' }, async ({ path }) => {
        const exports = Object.keys(await importExternal(join(directory, path)));
        return { contents: moduleText(path, exports), loader: 'js' };
      });
      build.onLoad({ filter: /.*/, namespace: 'millrace-required' }, ({ path }) => ({
        contents: `const found = millraceHost.modules.get(${JSON.stringify(path)});\nmodule.exports = 'default' in found ? found.default : found;\n`,
        loader: 'js',
      }));
    },
  };
}

interface ExternalContext {
  readonly directory: string;
  readonly names: readonly string[];
  readonly found: Set<string>;
}

async function resolveBare(build: PluginBuild, args: OnResolveArgs, context: ExternalContext): Promise<OnResolveResult | undefined> {
  const { path, kind, importer, resolveDir, pluginData } = args;
  if (pluginData === RESOLVING || kind === 'entry-point' || path.startsWith('node:')) return undefined;
  const resolved = await build.resolve(path, { kind, importer, resolveDir, pluginData: RESOLVING });
  if (resolved.errors.length > 0 || resolved.external) return resolved.errors.length > 0 ? undefined : resolved;
  const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
  if (!context.names.includes(name) && !isNative(resolved.path)) return { path: resolved.path, sideEffects: resolved.sideEffects };
  return external(context.directory, resolved.path, kind, context.found);
}
const RESOLVING = Symbol('resolving');

function external(directory: string, path: string, kind: ImportKind, found: Set<string>): OnResolveResult {
  const place = portable(directory, path);
  found.add(place);
  // `require` must give what the package exports as a whole, `import` its names.
  return { path: place, namespace: kind === 'require-call' || kind === 'require-resolve' ? 'millrace-required' : 'millrace-external' };
}

const nativePackages = new Map<string, boolean>();

/** Whether the package that `path` belongs to is built with a C++ toolchain or carries an addon. */
function isNative(path: string): boolean {
  const root = packageRoot(path);
  if (root === undefined) return false;
  let native = nativePackages.get(root);
  if (native === undefined) {
    native = existsSync(join(root, 'binding.gyp')) || declaresAddon(readFileSync(join(root, 'package.json'), 'utf8'));
    nativePackages.set(root, native);
  }
  return native;
}

/** The directory of the package in `node_modules` that `path` lies in; undefined for the program's own files. */
function packageRoot(path: string): string | undefined {
  if (!path.includes(`${sep}node_modules${sep}`)) return undefined;
  for (let directory = dirname(path); dirname(directory) !== directory; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    // A package.json without a name only says what kind of modules a sub-folder has.
    if (existsSync(file) && 'name' in (JSON.parse(readFileSync(file, 'utf8')) as object)) return directory;
  }
  return undefined;
}

function declaresAddon(text: string): boolean {
  const {
    gypfile,
    napi,
    binary,
    main,
    dependencies = {},
  } = JSON.parse(text) as {
    gypfile?: boolean;
    napi?: unknown;
    binary?: unknown;
    main?: unknown;
    dependencies?: Record<string, string>;
  };
  if (gypfile === true || napi !== undefined || binary !== undefined) return true;
  return (typeof main === 'string' && main.endsWith('.node')) || NATIVE_LOADERS.some((name) => Object.hasOwn(dependencies, name));
}

/** Lets `import.meta.url`, `__dirname` and their kin mean in every file what they mean outside of a bundle. Lines and their numbers stay. */
export function originalPlaces(directory: string): Plugin {
  return {
    name: 'millrace-original-places',
    setup(build) {
      build.onLoad({ filter: SCRIPT, namespace: 'file' }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!PLACES.test(source)) return undefined;
        return {
          contents: withPlaces(source, JSON.stringify(portable(directory, path))),
          loader: loaderOf(path),
          resolveDir: dirname(path),
        };
      });
    },
  };
}

/** What a bundle would answer with its own place. */
export const PLACES = /\bimport\.meta\b|\b__(dirname|filename)\b/;
const OWN_DIRNAME = /\b(const|let|var)\s+__(dirname|filename)\b/;

function withPlaces(source: string, place: string): string {
  const replaced = source
    .replaceAll(/\bimport\.meta\.url\b/g, `millraceHost.url(${place})`)
    .replaceAll(/\bimport\.meta\.(filename|dirname)\b/g, (_, name: string) => `millraceHost.paths(${place}).${name}`);
  if (!/\b__(dirname|filename)\b/.test(replaced) || OWN_DIRNAME.test(replaced)) return replaced;
  const declaration = `var { dirname: __dirname, filename: __filename } = millraceHost.paths(${place}); `;
  const start = /^#!.*\n/.exec(replaced)?.[0].length ?? 0;
  return replaced.slice(0, start) + declaration + replaced.slice(start);
}

function loaderOf(path: string): 'ts' | 'tsx' | 'jsx' | 'js' {
  if (path.endsWith('x')) return path.endsWith('.tsx') ? 'tsx' : 'jsx';
  return path.endsWith('ts') ? 'ts' : 'js';
}

function portable(directory: string, path: string): string {
  return relative(directory, path).split(sep).join('/');
}

function moduleText(key: string, exports: readonly string[]): string {
  // The underscore: an export may be called `default` or `class`.
  const names = exports.filter((name) => name === 'default' || IDENTIFIER.test(name));
  const lines = names.map((name) => `const ${name}_ = found.${name};\nexport { ${name}_ as ${name} };`);
  return [`const found = millraceHost.modules.get(${JSON.stringify(key)});`, ...lines, ''].join('\n');
}
