/** What travels from the JobMaster to the slots: plain data. Code never does; it is bound in the slot by operator id (architecture D7). */
import type { OperatorSubtaskState } from '../checkpoint/state-handles.ts';
import type { AccumulatorValues } from '@millrace/streaming/graph/executor';
import type { JobGraph } from '@millrace/streaming/graph/job-graph';

/** A program and everything that makes running it again give the same graph. */
export interface ProgramDescriptor {
  /** Content hash of the bundle; the key under which the blob store has it. */
  readonly bundle: string;
  /** What `process.argv.slice(2)` is. */
  readonly args: readonly string[];
  /** The file that the user named, for messages and `process.argv[1]`. */
  readonly file: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Defaults from command line and configuration, as `Executor.configuration`. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Which `execute` of the program this job is, from 0; those before it return their recorded results. */
  readonly executeIndex: number;
  readonly recordedResults: readonly RecordedResult[];
  /** What `env.constant` gave, by call order, in the text form of the client's constants.ts. */
  readonly constants: readonly string[];
}

export interface RecordedResult {
  readonly jobId: string;
  readonly netRuntimeMs: number;
  /** What `executeAndCollect` took, as sent by its sink; absent for `execute`. */
  readonly collected?: readonly Uint8Array[];
  /** How that job stood when the next one was submitted; absent means FINISHED. */
  readonly outcome?: 'RUNNING' | 'FINISHED' | 'FAILED' | 'CANCELED';
  readonly accumulators?: AccumulatorValues;
  /** Of the failure, when it failed. */
  readonly message?: string;
}

export interface JobInformation {
  readonly jobId: string;
  readonly jobGraph: JobGraph;
  readonly program: ProgramDescriptor;
}

export interface SlotLocation {
  readonly taskManagerId: string;
  readonly slot: number;
}

/** One attempt of one subtask. */
export interface TaskDeployment {
  readonly executionId: string; // of this attempt
  readonly vertexId: string;
  readonly subtask: number; // from 0
  readonly attempt: number; // from 0; the epoch of its channels
  readonly inputs: readonly GateDeployment[]; // one for each edge into the vertex, in the job graph's order
  readonly outputs: readonly GateDeployment[]; // one for each edge out of the vertex, in the job graph's order
  /** Absent where the job starts without state. */
  readonly restore?: TaskRestore;
}

/** What a task begins with: its part of a checkpoint, already redistributed to its subtask. */
export interface TaskRestore {
  readonly checkpointId: number;
  /** The directory that relative handles start from. */
  readonly base: string | undefined;
  readonly operators: Readonly<Record<string, OperatorSubtaskState>>;
  /** The program that made the checkpoint is this one, to the byte. */
  readonly isOfSameProgram?: boolean;
  /** All its operators had finished when the checkpoint was taken: it ends at once, and sends the end of its input on. */
  readonly isFinished: boolean;
}

/** The channels of one edge at one end. The peer is the other end's subtask. An edge that is pointwise has fewer channels than the peer has subtasks. */
export interface GateDeployment {
  readonly edgeId: string;
  readonly channels: readonly ChannelDeployment[]; // by peer subtask, ascending
}

export interface ChannelDeployment {
  readonly channelId: string; // `${edgeId}:${producer subtask}:${consumer subtask}`
  readonly peerSubtask: number;
  readonly peer: SlotLocation;
}
