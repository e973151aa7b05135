// Runs the compiled tests with Node's own runner: `node tools/test.mjs [part of a path …] [--node-option …]`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(path);
    return /\.test\.m?js$/.test(entry.name) ? [path] : [];
  });
}

const folders = ['packages', 'tests', 'tools', 'benchmarks'].map((name) => join(root, name));
const files = folders
  .flatMap((folder) => {
    try {
      return testFiles(folder);
    } catch {
      return [];
    }
  })
  .filter((path) => !path.includes('/src/'))
  .filter((path) => wanted.length === 0 || wanted.some((part) => relative(root, path).includes(part)));
if (files.length === 0) {
  console.error(`No compiled test matches ${wanted.join(', ')}. Build first: npm run build.`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-timeout=900000', ...options, ...files], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
