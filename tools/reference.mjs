// `npm run reference`: writes the pages that are made from the code. `--check` writes nothing and fails when a committed page differs.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OPTIONS } from '../packages/cluster/dist/client/options.js';
import { errorCatalogue } from './error-catalogue/page.mjs';
import { readSources } from './tidy/sources.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NOTE = '<!-- Made by `npm run reference` from the code; changes here are lost. -->';

function configurationPage() {
  const groups = OPTIONS.groups.map(({ room, options }) => `## ${room}\n\n${options.map(describeOption).join('\n\n')}`);
  return `# Configuration

${NOTE}

Keys are Flink's where Flink has the option. What is set later in this list counts more:

1. the defaults below,
2. the file \`config.yaml\`: in the directory of \`--config-dir\`, else of the environment variable \`MILLRACE_CONF_DIR\`, else \`conf/\`, else the working directory,
3. \`-D key=value\` on the command line, in the order given,
4. the command's own options (\`--parallelism\`, \`--slots\`),
5. what the program sets (\`getExecutionEnvironment({ … })\`, \`env.configure\`, \`env.setParallelism\`, an operator's own setters),
6. \`--checkpoint-dir\` and \`--checkpoint-interval\`: who starts a job says where its checkpoints go, and how often.

In \`config.yaml\`, \`taskmanager: { numberOfTaskSlots: 4 }\` and \`taskmanager.numberOfTaskSlots: 4\` mean the same. A key that is close to a known one is refused with
that one's name; a key of the file that resembles none gets a warning, on the command line it is refused.

Durations take \`ms\`, \`s\`, \`min\`, \`h\`, \`d\`; memory sizes \`kb\`, \`mb\`, \`gb\` (powers of 1024).

${groups.join('\n\n')}
`;
}

function describeOption({ key, defaultText, unit, text, deprecatedKeys, allowed }) {
  const value = defaultText === undefined ? 'none' : defaultText === '' ? 'empty' : `\`${defaultText}\``;
  const facts = [`Default: ${value}${unit === undefined ? '' : ` ${unit}`}`, `allowed: ${allowed()}`];
  if (deprecatedKeys.length > 0) facts.push(`formerly ${deprecatedKeys.map((old) => `\`${old}\``).join(', ')}`);
  return `### \`${key}\`\n\n${text}\n\n${facts.join('; ')}.`;
}

function commandLinePage() {
  const names = [...help([]).matchAll(/^ {2}(?<name>[a-z-]+) .*$/gm)].map((match) => match.groups.name).filter((name) => name !== 'help');
  const sections = names.map((name) => `## millrace ${name}\n\n${fenced(help([name]))}`);
  return `# Command line

${NOTE}

${fenced(help([]))}

${sections.join('\n\n')}
`;
}

/** Through a pipe, so that the width is the same whatever the terminal of whoever runs this. */
function help(command) {
  const args = ['packages/cluster/bin/millrace.js', ...command, '--help'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(`millrace ${command.join(' ')} --help ended with ${status}: ${stderr}`);
  return stdout.trimEnd();
}

function fenced(text) {
  return `\`\`\`console\n${text}\n\`\`\``;
}

const check = process.argv.includes('--check');
const errors = errorCatalogue(readSources(root), NOTE);
for (const problem of errors.problems) console.error(problem);
let stale = errors.problems.length;
for (const [path, text] of [
  ['docs/configuration.md', configurationPage()],
  ['docs/command-line.md', commandLinePage()],
  ['docs/error-catalogue.md', errors.page],
]) {
  const file = `${root}${path}`;
  if (!check) writeFileSync(file, text);
  else if (read(file) !== text) {
    stale += 1;
    console.error(`${path} is not what the code says. Run: npm run reference`);
  }
}
if (check && stale === 0) console.log('reference pages: as the code says');
process.exit(stale === 0 ? 0 : 1);

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
