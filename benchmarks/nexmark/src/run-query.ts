import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { commit, cpuSeconds } from '../../process-figures.mjs';
import type { Command } from './command-line.ts';
import { countEvents } from './event-file.ts';

const millrace = fileURLToPath(new URL('../../../packages/cluster/bin/millrace.js', import.meta.url));
const program = fileURLToPath(new URL('../src/nexmark.ts', import.meta.url));
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs the query in processes of its own and prints its figures; gives the exit code. */
export async function runQuery(command: Command): Promise<number> {
  const events = await eventsRead(command);
  const before = cpuSeconds();
  const start = performance.now();
  // In a process group of its own: what a terminal sends to this one is passed on once.
  const { code, output } = await ended(
    spawn(process.execPath, argumentsOf(command), { stdio: ['ignore', 'pipe', 'inherit'], detached: true }),
  );
  if (code !== 0) return code;
  const wallSeconds = (performance.now() - start) / 1_000;
  const after = cpuSeconds();
  const job = JSON.parse(output.trimEnd().split('\n').at(-1) as string) as { readonly netRuntimeMs: number };
  report(command, {
    query: command.query,
    events,
    slots: command.slots,
    parallelism: command.parallelism,
    ...(command.input === undefined ? { rate: command.rate } : { input: command.input }),
    ...(command.output === undefined ? {} : { output: command.output }),
    ...figures(events, {
      jobSeconds: job.netRuntimeMs / 1_000,
      wallSeconds,
      cpu: after === undefined || before === undefined ? undefined : after - before,
    }),
    node: process.version,
    commit: commit(),
  });
  return 0;
}

interface Times {
  readonly jobSeconds: number;
  readonly wallSeconds: number;
  /** Of all processes, with their start; undefined where the system does not say. */
  readonly cpu: number | undefined;
}

function figures(events: number, { jobSeconds, wallSeconds, cpu }: Times) {
  return {
    jobSeconds,
    wallSeconds: Number(wallSeconds.toFixed(3)),
    cpuSeconds: cpu === undefined ? undefined : Number(cpu.toFixed(2)),
    eventsPerSecond: Math.round(events / jobSeconds),
    eventsPerSecondPerCore: cpu === undefined ? undefined : Math.round(events / cpu),
  };
}

async function eventsRead({ input, events }: Command): Promise<number> {
  if (input === undefined) return events as number;
  return Math.min(await countEvents(input), events ?? Number.POSITIVE_INFINITY);
}

function argumentsOf({ query, events, rate, slots, parallelism, input, output }: Command): string[] {
  const given = Object.entries({ query, events, rate, input, output }).filter(([, value]) => value !== undefined);
  return [
    ...[millrace, 'run', program, '--json', '--slots', String(slots), '--parallelism', String(parallelism), '--'],
    ...given.flatMap(([name, value]) => [`--${name}`, String(value)]),
  ];
}

/** Signals are passed on, and their exit code given if the child was ended by one. */
async function ended(child: ChildProcess): Promise<{ readonly code: number; readonly output: string }> {
  const signals = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code: code ?? SIGNALS[signal as keyof typeof SIGNALS] ?? 1, output }));
    });
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}

function report({ json }: Command, figures: object): void {
  if (!json) {
    for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(24)}${String(value)}`);
  } else console.log(JSON.stringify(figures));
}
