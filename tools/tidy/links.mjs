// Every repository path that the documents name, in backticks or as a link, exists; so does the heading that a link leads to.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const FENCE = /^(```|~~~)[\s\S]*?^\1/gm;
const LINK = /\]\((?<target>[^()\s]+)\)/g;
const CODE = /`(?<text>[^`\n]+)`/g;
/** Paths from the root; what follows a path in backticks (arguments, line numbers) is not part of it. */
const ROOT_PATH = /^(?:(?:packages|docs|examples|benchmarks|tools|tests|\.ci)\/[\w./@-]*|(?:README|ARCHITECTURE)\.md)(?=$|[\s:#])/;

/** @returns {string[]} problems, each with the document and line */
export function checkLinks(root) {
  return documents(root).flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8').replace(FENCE, (block) => block.replace(/[^\n]/g, ' '));
    return [...text.matchAll(LINK)]
      .map((match) => [match.index, brokenLink(root, path, match.groups.target)])
      .concat([...text.matchAll(CODE)].map((match) => [match.index, brokenPath(root, match.groups.text)]))
      .filter(([, problem]) => problem !== undefined)
      .map(([index, problem]) => `${path}:${text.slice(0, index).split('\n').length}: ${problem}`);
  });
}

function documents(root) {
  const below = (folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`);
  return ['README.md', 'ARCHITECTURE.md', ...below('docs'), ...below('examples')].filter((path) => existsSync(join(root, path)));
}

function brokenPath(root, code) {
  const path = ROOT_PATH.exec(code)?.[0].replace(/\.$/, '');
  if (path === undefined || existsSync(join(root, path))) return undefined;
  return `\`${path}\` does not exist. Correct the path, or the document.`;
}

function brokenLink(root, document, target) {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [file, heading] = target.split('#');
  const path = file === '' ? document : posix.normalize(posix.join(dirname(document), file));
  if (!existsSync(join(root, path))) return `the link leads to ${path}, which does not exist. Correct it.`;
  if (heading === undefined || !path.endsWith('.md')) return undefined;
  return headings(readFileSync(join(root, path), 'utf8')).includes(heading)
    ? undefined
    : `${path} has no heading #${heading}. Correct the link.`;
}

/** As GitHub makes anchors of headings. */
function headings(text) {
  return [...text.replace(FENCE, '').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
