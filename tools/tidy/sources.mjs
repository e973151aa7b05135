// Reads and parses the sources that tidy looks at, once.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** @returns {{path: string, text: string, tree: import('typescript').SourceFile, test: boolean}[]} paths are relative to the root, with `/` */
export function readSources(root) {
  return walk(join(root, 'packages')).map((file) => {
    const path = relative(root, file).split(sep).join('/');
    const text = readFileSync(file, 'utf8');
    return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true), test: isTest(path) };
  });
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', 'testdata'].includes(entry.name) ? [] : walk(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') && !entry.name.endsWith('.generated.ts') ? [path] : [];
  });
}

/** Tests, and what only tests use. */
function isTest(path) {
  return (
    /\.(test|check|bench)\.ts$/.test(path) ||
    /\/(testing|test-support|fixtures)\//.test(path) ||
    /\/(testing|reference)-[a-z-]+\.ts$|-(contract|harness|fixture|fakes?)\.ts$/.test(path) ||
    path.startsWith('packages/testing/')
  );
}

export function lineOf(source, node) {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

export function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** Static imports, re-exports and dynamic imports of literals: where they point and whether a value comes with them. */
export function importsOf(source) {
  const found = [];
  visit(source.tree, (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      found.push({ node, specifier: node.moduleSpecifier.text, value: carriesValue(node) });
    } else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0] !== undefined &&
      ts.isStringLiteral(node.arguments[0])
    ) {
      found.push({ node, specifier: node.arguments[0].text, value: false, dynamic: true });
    }
  });
  return found;
}

function carriesValue(node) {
  if (ts.isExportDeclaration(node)) return !node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return true;
  if (clause.isTypeOnly) return false;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined || ts.isNamespaceImport(bindings)) return true;
  return bindings.elements.some((element) => !element.isTypeOnly);
}
