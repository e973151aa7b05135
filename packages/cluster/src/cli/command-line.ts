/** The commands and their options, as help shows them. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT_CODE_HELP, EXIT_REFUSED } from './exit-code.ts';
import { version } from './main.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface RunOptions {
  readonly parallelism?: string;
  readonly slots?: string;
  readonly json?: boolean;
  readonly singleThread?: boolean;
  readonly logLevel: LogLevel;
  readonly configDir?: string;
  readonly D?: readonly string[];
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
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'millrace: ')) })
    .exitOverride();
  addRun(command);
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
    .option('--json', 'end standard output with one line of JSON for each job: name, state, times, figures of the vertices')
    .option('--single-thread', 'everything in this thread, for a debugger')
    .addOption(new Option('--log-level <level>', 'what goes to standard error; debug adds stacks').choices(LOG_LEVELS).default('warn'))
    .option('--config-dir <directory>', 'where config.yaml is (else MILLRACE_CONF_DIR, ./conf, or the working directory)')
    .option('-D <key=value>', 'set one configuration key; may be repeated', collect)
    .addHelpText('after', `\nA later one wins: defaults, config.yaml, -D, the options above, what the program sets.\n\n${EXIT_CODE_HELP}`)
    .action(async (file: string, args: string[], options: RunOptions) => {
      const { runProgram } = await import('./run-command.ts');
      await runProgram(file, args, options);
    });
}

function collect(property: string, earlier: readonly string[] = []): readonly string[] {
  if (!/^[^=]+=/.test(property)) throw new InvalidArgumentError('Write -D key=value, for example -D parallelism.default=2.');
  return [...earlier, property];
}
