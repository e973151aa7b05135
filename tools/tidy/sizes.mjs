// Sizes that only ever shrink: files, functions, parameters, `any`. What is over the line today stands in ratchet.json; tidy fails when it grows.
import ts from 'typescript';
import { visit } from './sources.mjs';

export const LIMITS = { fileLines: 400, functionLines: 40, parameters: 4, any: 0 };
const HARD = { fileLines: 800, functionLines: 70 };

/** @returns {Record<string, number>} what is over a limit, by `kind path[ function]` */
export function measure(sources) {
  const over = {};
  for (const source of sources) {
    const lines = source.text.split('\n').length - 1;
    if (lines > LIMITS.fileLines) over[`fileLines ${source.path}`] = lines;
    let anyCount = 0;
    visit(source.tree, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) anyCount += 1;
      if (!ts.isFunctionLike(node) || node.body === undefined) return;
      measureFunction(source, node, over);
    });
    if (anyCount > 0 && !source.test) over[`any ${source.path}`] = anyCount;
  }
  return over;
}

function measureFunction(source, node, over) {
  const name = nameOf(node);
  const lines = source.text.slice(node.getStart(source.tree), node.end).split('\n').length;
  const key = `${source.path} ${name}`;
  if (lines > LIMITS.functionLines && !source.test) over[`functionLines ${key}`] = Math.max(lines, over[`functionLines ${key}`] ?? 0);
  if (node.parameters.length > LIMITS.parameters && !source.test) over[`parameters ${key}`] = node.parameters.length;
}

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)
    ? parent.name.getText()
    : '(anonymous)';
}

export function checkSizes(sources, ratchet) {
  const now = measure(sources);
  const problems = [];
  for (const [key, value] of Object.entries(now)) {
    const [kind] = key.split(' ');
    const before = ratchet[key] ?? LIMITS[kind];
    const hard = HARD[kind];
    if (hard !== undefined && value > hard) problems.push(`${key}: ${value}, the hard limit is ${hard}. Split it.`);
    else if (value > before)
      problems.push(
        `${key}: ${value}, allowed ${before}. Make it smaller; with a reason in the commit, raise it by npm run tidy -- --update.`,
      );
  }
  const slack = Object.keys(ratchet).filter((key) => (now[key] ?? LIMITS[key.split(' ')[0]]) < ratchet[key]);
  if (slack.length > 0) problems.push(`tools/tidy/ratchet.json allows more than there is (${slack.join(', ')}): npm run tidy -- --update.`);
  return problems;
}
