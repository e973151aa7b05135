// Goal: a profile is read right: whose time it is, where the source is, and what is no work. Method: a profile made by hand, and a source map of a small file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { CpuProfile } from './cpu-profiler.ts';
import { originalsFromMaps, withSources } from './profile-sources.ts';
import { PROFILER, summaryOf, tableText } from './profile-table.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-profile-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Made {
  readonly name: string;
  readonly line?: number;
  readonly url?: string;
  readonly children?: readonly number[];
}

function profileOf(nodes: readonly Made[], samples: readonly (readonly [id: number, us: number])[]): CpuProfile {
  return {
    nodes: nodes.map(({ name, line = 0, url = '', children = [] }, index) => ({
      id: index + 1,
      callFrame: { functionName: name, scriptId: url === '' ? '0' : '7', url, lineNumber: line, columnNumber: 0 },
      children: [...children],
    })),
    startTime: 0,
    endTime: 1,
    samples: samples.map(([id]) => id),
    timeDeltas: samples.map(([, us]) => us),
  };
}

const profile = profileOf(
  [
    { name: '(root)', children: [2, 3, 4, 8] },
    { name: '(idle)' },
    { name: '(garbage collector)' },
    { name: 'poll', line: 10, url: 'file:///job/input.js', children: [5, 7] },
    { name: 'mapped', line: 20, url: 'file:///job/job.js', children: [6] },
    { name: 'help', line: 30, url: 'file:///job/job.js' },
    { name: 'help', line: 30, url: 'file:///job/job.js' },
    { name: 'stop', line: 40, url: 'file:///job/profiler.js', children: [9] },
    { name: 'dispatch' },
  ],
  [
    [2, 5_000],
    [3, 1_000],
    [5, 2_000],
    [6, 500],
    [7, 700],
    [6, 500],
    [9, 90_000],
  ],
);
const operators = new Map([
  ['7:10:0', ['Source: numbers']],
  ['7:20:0', ['Map']],
  ['7:40:0', [PROFILER]],
]);

test('time is that of the function on top, for the nearest operator around it; the profiler is not in it', () => {
  const { totalMs, idleMs, collectorMs, rows } = summaryOf(profile, profile, operators);
  assert.deepEqual([totalMs, idleMs, collectorMs], [9.7, 5, 1]);
  assert.deepEqual(
    rows.map(({ functionName, selfMs, operators: names, line }) => [functionName, selfMs, names, line]),
    [
      ['mapped', 2, ['Map'], 21],
      ['help', 1.7, ['Map', 'Source: numbers'], 31],
    ],
  );
});

test('as text', () => {
  assert.equal(
    tableText(summaryOf(profile, profile, operators), '/job'),
    '0.01 s, of them 51.5 % idle and 10.3 % collecting garbage\n' +
      '    self       %  function  operator               where\n' +
      '  2.0 ms  42.6 %  mapped    Map                    job.js:21\n' +
      '  1.7 ms  36.2 %  help      Map | Source: numbers  job.js:31\n',
  );
  assert.match(tableText(summaryOf(profileOf([{ name: '(root)' }], []), profile, operators), '/job'), /^0\.00 s, of them 0 % idle/);
});

test('frames are put where they were written, by the map that the file names or has in it; others stay', () => {
  // "AACA" for line 1: line 2 of the source, column 0; "AAEA" after it: two lines further down.
  const map = { version: 3, sources: ['src/job.ts'], names: [], mappings: 'AACA;AAEA' };
  const rooted = JSON.stringify({ ...map, sourceRoot: 'file:///home/' });
  const inline = `data:application/json;base64,${Buffer.from(rooted).toString('base64')}`;
  writeFileSync(join(root, 'beside.js'), 'one();\ntwo();\n//# sourceMappingURL=beside.js.map\n');
  writeFileSync(join(root, 'beside.js.map'), JSON.stringify(map));
  writeFileSync(join(root, 'bundle.mjs'), `one();\ntwo();\n//# sourceMappingURL=${inline}`);
  writeFileSync(join(root, 'plain.js'), 'one();\n');
  const urlOf = (name: string) => pathToFileURL(join(root, name)).href;
  const find = originalsFromMaps();
  assert.deepEqual(find(urlOf('beside.js'), 0, 3), { url: urlOf('src/job.ts'), lineNumber: 1, columnNumber: 0 });
  assert.deepEqual(find(`${urlOf('bundle.mjs')}?program=1`, 1, 0), { url: 'file:///home/src/job.ts', lineNumber: 3, columnNumber: 0 });
  for (const url of [urlOf('plain.js'), urlOf('absent.js'), 'node:fs', 'millrace-generated/chain/x.js'])
    assert.equal(find(url, 0, 0), undefined);

  const url = urlOf('beside.js');
  const [node] = profileOf([{ name: 'two', line: 1, url }], []).nodes;
  assert.ok(node !== undefined);
  const ticked = { ...profile, nodes: [{ ...node, positionTicks: [{ line: 2, ticks: 5 }] }] };
  const [shown] = withSources(ticked, find).nodes;
  assert.deepEqual(shown?.callFrame, { ...node.callFrame, url: urlOf('src/job.ts'), lineNumber: 3, columnNumber: 0 });
  assert.deepEqual(shown?.positionTicks, [{ line: 4, ticks: 5 }]);
});
