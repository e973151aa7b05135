// Compiles every package with the native TypeScript compiler, and bundles what is started (bundle.mjs). Arguments go to the compiler: `node tools/build.mjs --force`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/tsgo/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, '--build', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await bundle();
