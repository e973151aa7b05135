/** The commands and their options, as help shows them. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '@millrace/core/base/log';
import { EXIT_CODE_HELP, EXIT_FAILED, EXIT_INTERNAL, EXIT_OK, EXIT_REFUSED } from './exit-code.ts';
import { version } from './main.ts';

/** What every command takes that runs a program. */
export interface ExplainOptions {
  readonly parallelism?: string;
  readonly json?: boolean;
  readonly logLevel: LogLevel;
  readonly configDir?: string;
  readonly D?: readonly string[];
}

export interface RunOptions extends ExplainOptions {
  readonly logFormat: LogFormat;
  readonly slots?: string;
  readonly singleThread?: boolean;
  readonly checkpointDir?: string;
  readonly checkpointInterval?: string;
  /** `latest`, or the path of a checkpoint. */
  readonly restore?: string;
  readonly allowNonRestoredState?: boolean;
  readonly metricsPort?: string;
  readonly metricsHost?: string;
  readonly metricsAllowRemote?: boolean;
  readonly events?: string;
  readonly cpuProfile?: string;
  readonly cpuProfileSubtask?: string;
  readonly heapReport?: boolean;
}

export async function parseCommandLine(args: readonly string[]): Promise<void> {
  try {
    await createCommand().parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for; everything else that commander throws is a command that it refused and has explained.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_REFUSED;
  }
}

function createCommand(): Command {
  const command = new Command('millrace')
    .description('Stateful stream and batch processing for TypeScript programs.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(millrace --help shows what there is)')
    .addHelpText('after', `\n${EXIT_CODE_HELP}`)
    .configureOutput({ outputError: (text, write) => write(refusalOf(text)) })
    .exitOverride();
  addRun(command);
  addExplain(command);
  addCheckpoints(command);
  return command;
}

function addRun(command: Command): void {
  command
    .command('run')
    .description('Run a program on a cluster of its own in this machine, and wait for the end of its jobs.')
    .usage('<file> [options] [-- arguments of the program]')
    .argument('<file>', 'the program: .ts, .tsx, .mts, .cts, .js, .mjs or .cjs')
    .argument('[args...]', 'arguments of the program, after --')
    .option('-p, --parallelism <n>', 'subtasks of operators that set none themselves (parallelism.default)')
    .option('-s, --slots <n>', 'slots of the TaskManager, one thread each (taskmanager.numberOfTaskSlots); by default what the job needs')
    .option(
      '--checkpoint-dir <directory>',
      'where checkpoints are kept (execution.checkpointing.dir); one every 10 s unless an interval is set',
    )
    .option('--checkpoint-interval <duration>', "how often a checkpoint is begun, for example '10 s' (execution.checkpointing.interval)")
    .option('--restore <latest|path>', 'begin with a checkpoint: the newest of the job in --checkpoint-dir, or that of the path')
    .addOption(new Option('--fromSavepoint <path>', "Flink's name of --restore").hideHelp())
    .option('-n, --allow-non-restored-state', 'leave state behind whose operator the program has not any more')
    .addOption(new Option('--allowNonRestoredState', "Flink's name of it").hideHelp())
    .option('--metrics-port <port>', 'serve the metrics of the jobs for Prometheus; 0: any free port (metrics.reporter.prom.port)')
    .option('--metrics-host <address>', 'where; 127.0.0.1 unless set (metrics.reporter.prom.host)')
    .option('--metrics-allow-remote', 'let the address be one that others than this machine reach')
    .option('--events <file>', 'write what happens to the jobs, as lines of JSON: status, failures, restarts, checkpoints')
    .option('--cpu-profile <path>', 'write a CPU profile of one subtask: into a directory, or to a file that ends with .cpuprofile')
    .option('--cpu-profile-subtask <task>', "of which one: an operator's name, a number from 0, or name:number; else subtask 0")
    .option('--heap-report', 'show at the end what the operators of the jobs keep in memory, by state')
    .option('--json', 'end standard output with one line of JSON for each job: name, state, times, figures of the vertices')
    .option('--single-thread', 'everything in this thread, for a debugger')
    .addOption(new Option('--log-level <level>', 'what goes to standard error; debug adds stacks').choices(LOG_LEVELS).default('warn'))
    .addOption(new Option('--log-format <format>', 'how: lines of text, or of JSON').choices(LOG_FORMATS).default('text'))
    .option('--config-dir <directory>', 'where config.yaml is (else MILLRACE_CONF_DIR, ./conf, or the working directory)')
    .option('-D <key=value>', 'set one configuration key; may be repeated', collect)
    .addHelpText('after', `\n${PRECEDENCE_HELP}\n\n${EXIT_CODE_HELP}`)
    .action(async (file: string, args: string[], { fromSavepoint, ...options }: RunOptions & { readonly fromSavepoint?: string }) => {
      const { runProgram } = await import('./run-command.ts');
      await runProgram(file, args, { ...(fromSavepoint === undefined ? {} : { restore: fromSavepoint }), ...options });
    });
}

const PRECEDENCE_HELP = `A later one wins: defaults, config.yaml, -D, the options above, what the program sets; but --checkpoint-dir and
--checkpoint-interval win over the program, too.`;

function addExplain(command: Command): void {
  command
    .command('explain')
    .description('Show the graphs of a program without running its jobs: operators, chains and why they end, exchanges, slots.')
    .usage('<file> [options] [-- arguments of the program]')
    .argument('<file>', 'the program: .ts, .tsx, .mts, .cts, .js, .mjs or .cjs')
    .argument('[args...]', 'arguments of the program, after --')
    .option('-p, --parallelism <n>', 'subtasks of operators that set none themselves (parallelism.default)')
    .option('--json', 'one JSON document; its fields are in docs/explain.md')
    .addOption(new Option('--log-level <level>', 'what goes to standard error; debug adds stacks').choices(LOG_LEVELS).default('warn'))
    .option('--config-dir <directory>', 'where config.yaml is (else MILLRACE_CONF_DIR, ./conf, or the working directory)')
    .option('-D <key=value>', 'set one configuration key; may be repeated', collect)
    .addHelpText('after', `\n${EXPLAIN_HELP}`)
    .action(async (file: string, args: string[], options: ExplainOptions) => {
      const { explainProgram } = await import('./explain-command.ts');
      await explainProgram(file, args, options);
    });
}

/** Commands that read checkpoints and change nothing. */
function addCheckpoints(command: Command): void {
  command
    .command('checkpoints')
    .description('List the checkpoints in a directory, the newest first: complete, begun, damaged.')
    .argument('<directory>', 'of all jobs (execution.checkpointing.dir), of one job, or of one checkpoint')
    .option('--json', 'one JSON array')
    .addHelpText('after', `\n${READING_HELP}`)
    .action(async (directory: string, options: { readonly json?: boolean }) => {
      const { showCheckpoints } = await import('./inspect-command.ts');
      await showCheckpoints(directory, options);
    });
  command
    .command('inspect')
    .description('Show what is in a checkpoint: operators by uid, their states with kind, schema and size, source positions.')
    .argument('<path>', 'of a checkpoint (chk-<n>) or of its _metadata')
    .option('--json', 'one JSON document')
    .addHelpText('after', `\n${READING_HELP}`)
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const { inspectCheckpoint } = await import('./inspect-command.ts');
      await inspectCheckpoint(path, options);
    });
}

const READING_HELP = `Exit codes:
  ${EXIT_OK}  shown
  ${EXIT_REFUSED}  there is nothing that can be read
  ${EXIT_INTERNAL}  an error inside Millrace`;

const EXPLAIN_HELP = `The program runs in this process, and what it prints goes to standard error. A job that it executes is shown and counts
as finished; at executeAndCollect, whose records nobody has, the program stops.

Exit codes:
  ${EXIT_OK}  the graphs are shown
  ${EXIT_FAILED}  the program threw
  ${EXIT_REFUSED}  the command, the configuration, or the program was refused
  ${EXIT_INTERNAL}  an error inside Millrace`;

function collect(property: string, earlier: readonly string[] = []): readonly string[] {
  if (!/^[^=]+=/.test(property)) throw new InvalidArgumentError('Write -D key=value, for example -D parallelism.default=2.');
  return [...earlier, property];
}

/** What most often stands behind an unknown option without a likeness: one of the program, which is to stand behind `--`. */
function refusalOf(text: string): string {
  const option = /^error: unknown option '([^']+)'\n$/.exec(text)?.[1];
  const hint =
    option === undefined
      ? ''
      : `(If it is the program's: what is meant for the program stands behind --, as in millrace run job.ts -- ${option})\n`;
  return `${text.replace(/^error: /, 'millrace: ')}${hint}`;
}
