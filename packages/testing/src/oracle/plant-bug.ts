/** A process of its own: plants the bug whose number is its first argument and prints the first seed, up to its second argument, that finds it. */
import { register } from 'node:module';
import { type PlantedBug, PLANTED_BUGS } from './planted-bugs.ts';

const [index, seeds] = process.argv.slice(2).map(Number) as [number, number];
const data = PLANTED_BUGS[index] as PlantedBug;
register('./planting-hooks.js', import.meta.url, { data });
const { findDifference } = await import('./check-program.ts');
for (let seed = 1; seed <= seeds; seed++) {
  const found = await findDifference(seed, data.kinds);
  if (found === undefined) continue;
  console.log(`caught by seed ${seed}: ${found.text.split('\\n', 1)[0]}`);
  process.exit(0);
}
console.log(`not caught by ${seeds} seeds`);
process.exit(1);
