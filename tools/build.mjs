// Compiles every package with the native TypeScript compiler. Arguments go to it: `node tools/build.mjs --force`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/tsgo/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, '--build', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
