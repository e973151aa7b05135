// Finds every message that a user may see: errors where they are made, failures of the control plane, warnings.
import ts from 'typescript';
import { bindsName, isOpaque, render } from './render.mjs';

/** Classes by the kind that their errors have. Invariants are bugs of the engine: nobody else can act on them. */
const CLASSES = {
  UsageError: 'usage',
  ConfigError: 'config',
  DataError: 'data',
  UserCodeError: 'user-code',
  RetryableError: 'retryable',
  TerminalError: 'terminal',
};
const FUNCTIONS = {
  lostFailure: { kind: 'retryable', message: 1 },
  terminalFailure: { kind: 'terminal', message: 1 },
};
const WARNINGS = /^(?:warn|onWarning)$/;

/** @returns {{path: string, line: number, kind: string, reason: string | undefined, text: string}[]} */
export function collectMessages(sources) {
  const shown = sources.filter(({ test }) => !test);
  const makers = new Map(shown.map((source) => [source.path, makersOf(source)]));
  return shown.flatMap((source) => messagesOf(source, makersFor(source, makers)));
}

/** Functions that make an error of the text that they are given: their callers have the message. */
function makersOf(source) {
  const found = new Map();
  visit(source.tree, (node) => {
    const made = messageIn(node, new Map());
    if (made === undefined || !ts.isIdentifier(made.argument)) return;
    const within = enclosingFunction(node);
    if (within === undefined) return;
    const index = within.parameters.findIndex(({ name }) => bindsName(name, made.argument.text));
    const name = nameOfFunction(within);
    if (index >= 0 && name !== undefined && ts.isIdentifier(within.parameters[index].name))
      found.set(name, { kind: made.kind, message: index });
  });
  return found;
}

/** Those of the file and those that it imports. */
function makersFor(source, makers) {
  const known = new Map(makers.get(source.path));
  for (const statement of source.tree.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    for (const { name } of bindings.elements) {
      for (const made of makers.values()) if (made.has(name.text)) known.set(name.text, made.get(name.text));
    }
  }
  return known;
}

function messagesOf(source, makers) {
  const found = [];
  visit(source.tree, (node) => {
    const made = messageIn(node, makers);
    if (made === undefined) return;
    const text = render(made.argument).replace(/\s+/g, ' ').trim();
    if (text === '' || isOpaque(text)) return;
    const line = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
    found.push({ path: source.path, line, kind: made.kind, reason: made.reason, text });
  });
  return found;
}

/** The argument that is the message, if the node makes an error or says a warning. */
function messageIn(node, makers) {
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && Object.hasOwn(CLASSES, node.expression.text)) {
    const [argument, options] = node.arguments ?? [];
    return argument && { kind: CLASSES[node.expression.text], argument, reason: reasonOf(options) };
  }
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const name = ts.isIdentifier(expression) ? expression.text : ts.isPropertyAccessExpression(expression) ? expression.name.text : '';
  if (WARNINGS.test(name) && node.arguments[0] !== undefined) return { kind: 'warning', argument: node.arguments[0] };
  const maker = ts.isIdentifier(expression) ? (FUNCTIONS[name] ?? makers.get(name)) : undefined;
  const argument = maker && node.arguments[maker.message];
  return argument && { kind: maker.kind, argument, reason: Object.hasOwn(FUNCTIONS, name) ? textOf(node.arguments[0]) : undefined };
}

function reasonOf(options) {
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined;
  const property = options.properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === 'reason');
  return property === undefined ? undefined : textOf(property.initializer);
}

function textOf(node) {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function enclosingFunction(node) {
  for (let at = node.parent; at !== undefined; at = at.parent) if (ts.isFunctionLike(at)) return at;
  return undefined;
}

function nameOfFunction(node) {
  if (ts.isFunctionDeclaration(node)) return node.name?.text;
  const { parent } = node;
  return parent !== undefined && ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? parent.name.text : undefined;
}

function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
