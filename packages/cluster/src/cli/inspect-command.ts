/** `millrace checkpoints` and `millrace inspect`: what lies on a disk, without its program. Nothing is changed. */
import { fileSystemOf } from '@millrace/core/fs/file-systems';
import { readCheckpoint } from '@millrace/runtime/checkpoint/checkpoint-directory';
import { type ListedCheckpoint, listCheckpoints } from '@millrace/runtime/checkpoint/checkpoint-list';
import { checkpointedSizeOf, totalStateSizeOf } from '@millrace/runtime/checkpoint/metadata-walk';
import { describeFailure } from '../client/failure-report.ts';
import { type CheckpointSummary, type OperatorSummary, type StateSummary, summarize } from './checkpoint-summary.ts';
import { EXIT_BROKEN_PIPE, EXIT_REFUSED } from './exit-code.ts';

interface Options {
  readonly json?: boolean;
}

export async function showCheckpoints(directory: string, { json = false }: Options): Promise<void> {
  await toldFailures(async () => {
    const listed = await listCheckpoints(fileSystemOf(directory), directory);
    if (json) print(JSON.stringify(listed.map(listEntryOf)));
    else if (listed.length === 0) print(`No checkpoint in ${directory}.`);
    else print(table([['status', 'id', 'job', 'completed', 'checkpointed', 'full size', 'path'], ...listed.map(rowOf)]));
  });
}

export async function inspectCheckpoint(path: string, { json = false }: Options): Promise<void> {
  await toldFailures(async () => {
    const summary = await summarize(await readCheckpoint(fileSystemOf(path), path));
    print(json ? JSON.stringify(summary) : textOf(summary));
  });
}

/** What cannot be read is told as `run` tells it. */
async function toldFailures(work: () => Promise<void>): Promise<void> {
  process.stdout.on('error', () => process.exit(EXIT_BROKEN_PIPE));
  try {
    await work();
  } catch (error) {
    process.stderr.write(`millrace: ${describeFailure(error, { workingDirectory: process.cwd(), debug: false })}\n`);
    process.exitCode = EXIT_REFUSED;
  }
}

function listEntryOf(listed: ListedCheckpoint): object {
  const { status, path } = listed;
  if (listed.status === 'DAMAGED') return { status, path, error: messageOf(listed.error) };
  if (listed.status === 'IN_PROGRESS') return { status, path };
  const { checkpointId, kind, jobId, jobName, triggerTimestamp, completionTimestamp } = listed.metadata;
  const stateSizeBytes = totalStateSizeOf(listed.metadata);
  const checkpointedSizeBytes = checkpointedSizeOf(listed.metadata);
  const sizes = { checkpointedSizeBytes, stateSizeBytes };
  return { status, path, checkpointId, kind, jobId, jobName, triggerTimestamp, completionTimestamp, ...sizes };
}

function rowOf(listed: ListedCheckpoint): readonly string[] {
  if (listed.status !== 'COMPLETED') return [listed.status, '', '', '', '', '', listed.path];
  const { checkpointId, jobName, completionTimestamp } = listed.metadata;
  const sizes = [checkpointedSizeOf(listed.metadata), totalStateSizeOf(listed.metadata)].map(sizeText);
  return [listed.status, String(checkpointId), jobName, timeText(completionTimestamp), ...sizes, listed.path];
}

function textOf(summary: CheckpointSummary): string {
  const { kind, checkpointId, jobName, jobId, completionTimestamp, triggerTimestamp, numFiles, writtenBy, path } = summary;
  const { checkpointedSizeBytes, stateSizeBytes } = summary;
  const own = checkpointedSizeBytes === stateSizeBytes ? '' : `, of which it wrote ${sizeText(checkpointedSizeBytes)} itself`;
  return [
    `${kind} ${checkpointId} of '${jobName}' (job ${jobId})`,
    `  in ${path}`,
    `  completed ${timeText(completionTimestamp)}, ${completionTimestamp - triggerTimestamp} ms after it was triggered; written by ${writtenBy}`,
    `  ${sizeText(stateSizeBytes)} of state in ${numFiles} files besides _metadata${own}`,
    ...summary.operators.flatMap(linesOf),
  ].join('\n');
}

function linesOf(operator: OperatorSummary): readonly string[] {
  const { uid, id, name, parallelism, maxParallelism, finishedSubtasks, states, positions = [], enumerator } = operator;
  const finished = finishedSubtasks === 0 ? '' : `, ${finishedSubtasks} finished`;
  const lines = [
    '',
    `${name} (${uid === undefined ? `no uid, id ${id}` : `uid ${uid}`}): parallelism ${parallelism} of at most ${maxParallelism}${finished}`,
  ];
  if (states.length === 0 && enumerator === undefined) return [...lines, '  no state'];
  if (states.length > 0)
    lines.push(
      indent(
        table(
          states.map((state) => [
            state.name,
            state.kind,
            state.layers === undefined ? `${state.entries} entries` : `at most ${state.entries} entries in ${state.layers} layers`,
            sizeText(state.sizeBytes),
            state.schema,
            declarationText(state),
          ]),
        ),
      ),
    );
  for (const { subtask, split } of positions) lines.push(`  position of subtask ${subtask}: ${JSON.stringify(split)}`);
  if (enumerator !== undefined) lines.push(`  enumerator (version ${enumerator.version}): ${JSON.stringify(enumerator.state)}`);
  return lines;
}

function declarationText({ isDeclared, redistributionMode, redistributionStrategy }: StateSummary): string {
  if (!isDeclared) return '';
  return `declared ${redistributionMode}${redistributionStrategy === undefined ? '' : ` by ${redistributionStrategy}`}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lineOf = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => lineOf(row).trimEnd()).join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

function timeText(timestamp: number): string {
  return new Date(timestamp).toISOString();
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
