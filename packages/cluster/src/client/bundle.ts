/**
 * Makes one ES module of a program (architecture D7): its own files and its packages, but not Millrace, and not packages with native code.
 *
 * B1 equal sources give equal bytes on every machine: no absolute path, no time, no random name is in them.
 * B2 the bundle runs only through `importBundle`, which provides what is not in it.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { UsageError } from '@millrace/core/base/errors';
import type { BuildOptions, BuildResult, Message } from 'esbuild';
import { externalModules, injectedModules, originalPlaces, PLACES } from './bundle-plugins.ts';
import { appendManifest, HOST_SYMBOL, loadApi } from './program-host.ts';

export interface ProgramBundle {
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

export interface BundleOptions {
  readonly workingDirectory: string;
  readonly externalPackages: readonly string[];
}

const SHOWN_ERRORS = 10;
const PROGRAM = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const UNRESOLVED = /^Could not resolve "([^"]+)"/;

/** Throws a `UsageError` with file, line and column for a program that does not parse or whose imports do not resolve. */
export async function bundleProgram(file: string, options: BundleOptions): Promise<ProgramBundle> {
  const path = resolveProgram(file, options.workingDirectory);
  const needs = { modules: new Set<string>(), externals: new Set<string>() };
  let result = await build(path, needs, options, false);
  // Only programs that ask where they lie pay for the second pass, which has to read each of their files twice.
  if (PLACES.test(bodyOf(result))) result = await build(path, needs, options, true);
  const code = appendManifest(result.outputFiles![0]!.text, { modules: [...needs.modules].sort(), externals: [...needs.externals].sort() });
  const bytes = Buffer.from(code);
  return {
    hash: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    warnings: result.warnings.map((warning) =>
      describe(warning, (place) => relative(options.workingDirectory, resolve(dirname(path), place))),
    ),
  };
}

/** The absolute path of a program that exists. */
export function resolveProgram(file: string, workingDirectory: string): string {
  const path = resolve(workingDirectory, file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new UsageError(`There is no file '${file}' in ${workingDirectory}. Name the program's file, for example job.ts.`, {
      reason: 'no-program',
    });
  }
  if (!stat.isFile()) {
    throw new UsageError(`'${file}' is a directory, not a program. Name the program's file, for example ${basename(file)}/job.ts.`, {
      reason: 'no-program',
    });
  }
  if (!PROGRAM.test(path)) {
    throw new UsageError(`'${file}' is not a program. Give a file that ends in .ts, .tsx, .mts, .cts, .js, .mjs or .cjs.`, {
      reason: 'no-program',
    });
  }
  return path;
}

interface Needs {
  readonly modules: Set<string>;
  readonly externals: Set<string>;
}

async function build(
  path: string,
  needs: Needs,
  { workingDirectory, externalPackages }: BundleOptions,
  withPlaces: boolean,
): Promise<BuildResult> {
  const { build: run } = await import('esbuild');
  const directory = dirname(path);
  const options: BuildOptions = {
    entryPoints: [path],
    absWorkingDir: directory,
    outfile: `${directory}/bundle.mjs`,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: true,
    legalComments: 'none',
    logLevel: 'silent',
    banner: { js: `const millraceHost = globalThis[Symbol.for('${HOST_SYMBOL}')](import.meta.url), require = millraceHost.require;` },
    plugins: [
      injectedModules(path, needs.modules),
      externalModules(directory, externalPackages, needs.externals),
      ...(withPlaces ? [originalPlaces(directory)] : []),
    ],
  };
  try {
    const made = run(options);
    loadApi().catch(() => {}); // while esbuild starts; the plugin asks for it in a moment
    return await made;
  } catch (cause) {
    const errors = (cause as { errors?: readonly Message[] }).errors;
    if (errors === undefined) throw cause;
    throw new UsageError(refusal(path, errors, workingDirectory), { cause, reason: 'build' });
  }
}

/** The program's part of the output: without our own first line and the source map, which quote `import.meta` on their own account. */
function bodyOf(result: BuildResult): string {
  const { text } = result.outputFiles![0]!;
  return text.slice(text.indexOf('import.meta.url);') + 17, text.lastIndexOf('//# sourceMappingURL='));
}

function refusal(path: string, errors: readonly Message[], workingDirectory: string): string {
  const near = (file: string) => relative(workingDirectory, resolve(dirname(path), file));
  const shown = errors.slice(0, SHOWN_ERRORS).map((error) => describe(error, near));
  const rest = errors.length > shown.length ? [`and ${errors.length - shown.length} more`] : [];
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  return [`${near(path)} cannot be bundled because of ${count}:`, ...shown, ...rest].join('\n');
}

/** `job.ts:3:7: Expected ";" but found "x"`, the line, and a mark below the place. */
function describe({ text, location, notes }: Message, near: (file: string) => string): string {
  const hints = (adviceOn(text) ?? notes.map((note) => note.text)).map((hint) => `    ${hint}`);
  if (location === null) return [`  ${text}`, ...hints].join('\n');
  const { file, line, column, lineText, length } = location;
  // Tabs in front of the place are kept so that the mark stands below it whatever their width.
  const margin = lineText.slice(0, column).replace(/[^\t]/g, ' ');
  return [
    `  ${near(file)}:${line}:${column + 1}: ${text}`,
    `    ${lineText}`,
    `    ${margin}${'^'.repeat(Math.max(1, length))}`,
    ...hints,
  ].join('\n');
}

/** In place of esbuild's notes, which speak of options that the user does not have. */
function adviceOn(text: string): readonly string[] | undefined {
  const name = UNRESOLVED.exec(text)?.[1];
  if (name === undefined) return undefined;
  if (/^[./]/.test(name)) return ['Check the path; it starts at the file that imports it.'];
  return [`Correct the import, or install the package with 'npm install ${packageOf(name)}'.`];
}

function packageOf(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}
