// The page of all messages, and what is wrong with them.
import { readFileSync } from 'node:fs';
import { collectMessages } from './collect.mjs';
import { splitNextStep } from './next-step.mjs';

const EXEMPT = JSON.parse(readFileSync(new URL('exempt.json', import.meta.url), 'utf8'));

/** @returns {{page: string, problems: string[]}} */
export function errorCatalogue(sources, note) {
  const messages = distinct(collectMessages(sources)).map((message) => ({ ...message, ...splitNextStep(message.text) }));
  const files = Map.groupBy === undefined ? grouped(messages) : Map.groupBy(messages, ({ path }) => path);
  const sections = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, of]) => `### ${path.replace(/^packages\//, '')}\n\n\`\`\`text\n${of.map(lines).join('\n')}\n\`\`\``);
  return { page: `${INTRODUCTION(note)}\n${sections.join('\n\n')}\n`, problems: problemsOf(messages) };
}

export function problemsOf(messages, exempt = EXEMPT) {
  const texts = new Set(messages.map(({ text }) => text));
  const without = messages.filter(({ kind, text, next }) => kind !== 'warning' && next === undefined && exempt[text] === undefined);
  const stale = Object.keys(exempt).filter(
    (text) => !texts.has(text) || messages.some((message) => message.text === text && message.next !== undefined),
  );
  return [
    ...without.map(
      ({ path, line, text }) =>
        `${path}:${line}: the message does not say what to do next: ${text}\n  Add a sentence that begins with what to do ('Give …', 'Call …'), or say in tools/error-catalogue/exempt.json why there is nothing to do.`,
    ),
    ...stale.map(
      (text) => `tools/error-catalogue/exempt.json has a message that needs no exemption, or is none any more: ${text}\n  Remove it.`,
    ),
  ];
}

function lines({ kind, reason, what, next }) {
  const head = reason === undefined ? kind : `${kind} (${reason})`;
  return `${head}: ${what}${next === undefined ? '' : `\n    → ${next}`}`;
}

/** A message that a file has twice is one. */
function distinct(messages) {
  const seen = new Set();
  return messages.filter(({ path, kind, text }) => {
    const key = `${path} ${kind} ${text}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function grouped(messages) {
  const files = new Map();
  for (const message of messages) files.set(message.path, [...(files.get(message.path) ?? []), message]);
  return files;
}

const INTRODUCTION = (note) => `# Error catalogue

${note}

Every message of errors and warnings, by the file that makes it: the kind and, where there is one, the reason (see [errors](errors.md)), what is wrong, and behind the arrow what
to do next. \`{…}\` is what is put in at run time; \`[a | b]\` is one or the other, \`[a]\` is there only sometimes. Where a function of a program fails, the message is put behind the name of
the operator, its uid, the subtask, the position in the program and in front of the record. Bugs of Millrace (\`invariant\`) are not listed.
`;
