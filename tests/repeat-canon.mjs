// `node tests/repeat-canon.mjs [--times 10] [--parallelisms 1,2,3,8] [--nodes 20,22,24] [--times-other 1]`: commits-by-week gives the same lines in every run,
// at every parallelism, on every Node. The Node that runs this is taken `--times` times, the others (from npm's registry) `--times-other` times.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { linesBelow, linesOf, root, sorted } from './support/run-millrace.mjs';

const EXPECTED = '732 f5f0c8fb8e8a, 3775 e28a58c1d9e1';
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '10' },
    'times-other': { type: 'string', default: '1' },
    parallelisms: { type: 'string', default: '1,2,3,8' },
    nodes: { type: 'string', default: '20,22,24' },
  },
});
const current = process.versions.node.split('.')[0];

/** The program of that version; npm keeps it in its cache. */
function nodeOf(version) {
  if (version === current) return process.execPath;
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  return execFileSync(npx, ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

async function outcomeOf(node, parallelism) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-canon-'));
  const output = join(folder, 'out');
  const program = ['packages/cluster/bin/millrace.js', 'run', 'examples/commits-by-week.ts', '--parallelism', parallelism];
  try {
    const { code, stdout, stderr } = await run(node, [...program, '--', '--input', 'examples/data/commits.jsonl.gz', '--output', output]);
    return code === 0 ? `${summaryOf(linesOf(stdout))}, ${summaryOf(linesBelow(output))}` : `exit code ${code}: ${stderr.trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(node, args) {
  const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (part) => {
      text[name] += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, ...text }));
  });
}

function summaryOf(lines) {
  const all = sorted(lines)
    .map((line) => `${line}\n`)
    .join('');
  return `${lines.length} ${createHash('sha256').update(all).digest('hex').slice(0, 12)}`;
}

let failures = 0;
for (const version of values.nodes.split(',')) {
  const node = nodeOf(version);
  const times = Number(version === current ? values.times : values['times-other']);
  for (const parallelism of values.parallelisms.split(',')) {
    const start = performance.now();
    let right = 0;
    for (let time = 1; time <= times; time += 1) {
      const outcome = await outcomeOf(node, parallelism);
      if (outcome === EXPECTED) right += 1;
      else console.log(`Node ${version}, parallelism ${parallelism}, run ${time}: ${outcome}, expected ${EXPECTED}`);
    }
    failures += times - right;
    console.log(
      `Node ${version}, parallelism ${parallelism}: ${right} of ${times} right, ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
  }
}
process.exitCode = failures === 0 ? 0 : 1;
