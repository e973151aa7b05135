// Runs the steps of a larger command one after another, stops at the first that fails and names the command that repeats it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

/** @param {readonly (readonly [name: string, command: string, ...args: string[]])[]} steps */
export function runSteps(steps) {
  for (const [name, command, ...args] of steps) {
    const start = performance.now();
    console.log(`── ${name}`);
    const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    if (error !== undefined) throw error;
    if (status !== 0) {
      console.error(`${name} failed. To repeat it: ${[command.startsWith(root) ? command.slice(root.length) : 'node', ...args].join(' ')}`);
      process.exit(status ?? 1);
    }
    console.log(`   ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}
