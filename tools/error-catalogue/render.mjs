// Writes the text of a message as a reader of the catalogue should see it: what is put in at run time in braces, what is there only sometimes in brackets.
import ts from 'typescript';

const DEPTH_MAX = 4;
/** Calls that show their argument. */
const SHOWS =
  /^(?:show|shown|shorten|String|stringify|quoted?|describe\w*|pathOf|mebibytes|list(?:ed|Of)?|toString|join|slice|trim|round|toFixed|map|sort|filter)$/;

/** @returns {string} */
export function render(node, depth = 0) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)) return render(node.expression, depth);
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => render(span.expression, depth) + span.literal.text).join('');
  }
  if (ts.isBinaryExpression(node)) return renderBinary(node, depth);
  if (ts.isConditionalExpression(node)) return choice(render(node.whenTrue, depth), render(node.whenFalse, depth));
  if (ts.isCallExpression(node)) return renderCall(node, depth);
  if (ts.isIdentifier(node)) return renderIdentifier(node, depth);
  if (ts.isPropertyAccessExpression(node)) return placeholder(node.name.text);
  if (ts.isElementAccessExpression(node)) return placeholder(nameOf(node.expression));
  if (ts.isTypeOfExpression(node)) return placeholder(`type of ${nameOf(node.expression)}`);
  return placeholder('…');
}

/** A text that is all one placeholder: whoever calls has the message. */
export function isOpaque(text) {
  return /^\{[^{}]*\}$/.test(text);
}

function renderBinary(node, depth) {
  const operator = node.operatorToken.kind;
  if (operator === ts.SyntaxKind.PlusToken) {
    const [left, right] = [render(node.left, depth), render(node.right, depth)];
    const isText = [node.left, node.right].some(
      (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side) || ts.isBinaryExpression(side),
    );
    return isText ? left + right : placeholder('number');
  }
  if (operator === ts.SyntaxKind.QuestionQuestionToken || operator === ts.SyntaxKind.BarBarToken) {
    return choice(render(node.left, depth), render(node.right, depth));
  }
  return placeholder('number');
}

function choice(one, other) {
  if (one === other) return one;
  if (isOpaque(one) && isOpaque(other)) return one;
  const options = [one, other].filter((text) => text !== '');
  return `[${options.join(' | ')}]`;
}

function renderCall(node, depth) {
  const { expression } = node;
  const name = ts.isIdentifier(expression) ? expression.text : ts.isPropertyAccessExpression(expression) ? expression.name.text : '';
  if (ts.isIdentifier(expression) && depth < DEPTH_MAX) {
    const returned = returnOf(declarationOf(expression));
    if (returned !== undefined) {
      const text = render(returned, depth + 1);
      if (!isOpaque(text)) return text;
    }
  }
  if (!SHOWS.test(name) && !ts.isPropertyAccessExpression(expression))
    return placeholder(node.arguments[0] === undefined ? name : nameOf(node.arguments[0]));
  if (ts.isPropertyAccessExpression(expression) && !/^(?:JSON|Math|Object|String|Number)$/.test(nameOf(expression.expression))) {
    return ts.isIdentifier(expression.expression) || ts.isPropertyAccessExpression(expression.expression)
      ? placeholder(nameOf(expression.expression))
      : render(expression.expression, depth);
  }
  return placeholder(node.arguments[0] === undefined ? name : nameOf(node.arguments[0]));
}

function renderIdentifier(node, depth) {
  const declaration = depth < DEPTH_MAX ? declarationOf(node) : undefined;
  const initializer = declaration !== undefined && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  if (initializer === undefined || ts.isNumericLiteral(initializer)) return placeholder(node.text);
  const text = render(initializer, depth + 1);
  return isOpaque(text) ? placeholder(node.text) : text;
}

function nameOf(node) {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return node.name.text.replace(/^#/, '');
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)) return nameOf(node.expression);
  if (ts.isCallExpression(node) && node.arguments[0] !== undefined) return nameOf(node.arguments[0]);
  if (ts.isCallExpression(node)) return nameOf(node.expression);
  if (ts.isElementAccessExpression(node)) return nameOf(node.expression);
  return '…';
}

function placeholder(name) {
  return `{${name.replace(/^#/, '')}}`;
}

/** The variable, function or parameter that a name stands for, in this file. */
export function declarationOf(identifier) {
  const name = identifier.text;
  for (let scope = identifier.parent; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope) && scope.parameters.some((parameter) => bindsName(parameter.name, name))) return undefined;
    const statements = ts.isBlock(scope) || ts.isSourceFile(scope) || ts.isCaseOrDefaultClause(scope) ? scope.statements : [];
    for (const statement of statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name?.text === name) return statement;
      if (!ts.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations) {
        if (ts.isIdentifier(declaration.name) && declaration.name.text === name) return declaration;
        if (bindsName(declaration.name, name)) return undefined;
      }
    }
  }
  return undefined;
}

export function bindsName(pattern, name) {
  if (ts.isIdentifier(pattern)) return pattern.text === name;
  return pattern.elements.some((element) => ts.isBindingElement(element) && bindsName(element.name, name));
}

/** What a function returns in the end, where it has one way out that is text. */
function returnOf(declaration) {
  if (declaration === undefined) return undefined;
  const made = ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  if (made === undefined || !ts.isFunctionLike(made) || made.body === undefined) return undefined;
  if (!ts.isBlock(made.body)) return made.body;
  const last = made.body.statements.at(-1);
  return last !== undefined && ts.isReturnStatement(last) ? last.expression : undefined;
}
