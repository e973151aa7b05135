// `npm run setup`: installs what the lock file names and compiles the packages. Nothing else, nothing global.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: path('.'), stdio: ['ignore', process.stderr.fd, process.stderr.fd] });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: Millrace needs 20.19 or newer.`);
  process.exit(1);
}

/** The lock file that node_modules was installed from; npm's own marker changes with every install, this one with every lock. */
const stamp = path('node_modules/.millrace-setup');
const lock = createHash('sha256')
  .update(readFileSync(path('package-lock.json')))
  .digest('hex');
const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
if (!installed || process.argv.includes('--force')) {
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}
run(process.execPath, [path('tools/build.mjs')]);
