// Names and constructs that a place must not have, each with what to do instead.
import ts from 'typescript';
import { lineOf } from './sources.mjs';

const CLOCKS = [
  [/\bDate\.now\(|\bnew Date\(\)/, 'take the time from the injected Clock (core/base/clock)'],
  [/\bperformance\.now\(/, 'take the time from the injected Clock (core/base/clock)'],
  [/\b(setTimeout|setInterval|setImmediate)\(/, 'schedule through the injected Clock (core/base/clock)'],
  [/\bMath\.random\(/, 'draw from the injected Random (core/base/random)'],
];
const EVERYWHERE = [
  [/\b(FIXME|TODO|HACK|XXX)\b/, 'finish it, or write it into docs/status.md'],
  [/@ts-ignore|@ts-nocheck/, 'make the types say it, or use @ts-expect-error with the reason'],
  [/\bv8\.deserialize\(|\bstructuredClone\.call/, 'decode with our own codecs: no code and no foreign formats in data (D12)'],
];
const TESTS = [
  [/\b(setTimeout|setInterval)\(|\bsleep\(/, 'use a virtual clock or await the event itself'],
  [/\b(it|test|describe)\.(only|todo)\(/, 'run it'],
];
const OUTSIDE_CLUSTER = [[/\bprocess\.env\b/, 'read the environment in cluster and pass a compiled option']];

export function checkBans(sources, layers) {
  const problems = [];
  for (const source of sources) {
    const decides = layers.decides.some((part) => source.path.startsWith(part));
    const lists = [
      EVERYWHERE,
      ...(source.test ? [TESTS] : []),
      ...(decides && !source.test ? [CLOCKS] : []),
      ...(source.path.startsWith('packages/cluster/') || source.test ? [] : [OUTSIDE_CLUSTER]),
    ];
    for (const [pattern, instead] of lists.flat()) problems.push(...occurrences(source, pattern, instead));
    if (layers.hot.includes(source.path)) problems.push(...checkHot(source));
  }
  return problems;
}

/** A line that has to break a rule says why: `// tidy-allow: reason`. */
function occurrences(source, pattern, instead) {
  return source.text.split('\n').flatMap((line, index, lines) => {
    if (!pattern.test(line) || line.includes('tidy-allow:') || (lines[index - 1] ?? '').includes('tidy-allow:')) return [];
    return [`${source.path}:${index + 1}: ${pattern.exec(line)[0]} is not for here: ${instead}.`];
  });
}

/** Per record there is no closure, spread, iterator, template string or log. Cold functions of a hot file are marked `@cold` in the comment before them. */
function checkHot(source) {
  const problems = [];
  const report = (node, what) =>
    problems.push(
      `${source.path}:${lineOf(source, node)}: ${what} in a hot file. Hoist it, or mark the function @cold if it does not run per record.`,
    );
  const look = (node) => {
    if (isCold(source, node)) return;
    if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) report(node, 'a spread');
    else if (ts.isForOfStatement(node)) report(node, 'for … of');
    else if (ts.isTemplateExpression(node)) report(node, 'a template string');
    else if ((ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && insideFunction(node)) report(node, 'a closure');
    else if (ts.isIdentifier(node) && node.text === 'console') report(node, 'console');
    ts.forEachChild(node, look);
  };
  look(source.tree);
  return problems;
}

function isCold(source, node) {
  if (ts.isThrowStatement(node) || ts.isConstructorDeclaration(node)) return true;
  if (!ts.isFunctionDeclaration(node) && !ts.isMethodDeclaration(node) && !ts.isVariableStatement(node) && !ts.isClassDeclaration(node))
    return false;
  return source.text.slice(node.pos, node.getStart(source.tree)).includes('@cold');
}

function insideFunction(node) {
  for (let up = node.parent; up !== undefined; up = up.parent) if (ts.isFunctionLike(up)) return true;
  return false;
}
