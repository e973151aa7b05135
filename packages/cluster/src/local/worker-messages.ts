/** Between the main thread of a TaskManager and the thread of a slot, and between a JobManager and a coordinator isolate: structured clones in one process. */
import type { LogSettings } from '@millrace/core/base/log';
import type { CoordinatorState } from '@millrace/runtime/checkpoint/checkpoint-metadata';
import type { JobInformation, SlotLocation } from '@millrace/runtime/protocol/deployment';
import type { FailureDescription } from '@millrace/runtime/protocol/execution-state';
import type { EnumeratorEvent, FromSlot, ReaderEvent, ToSlot } from '@millrace/runtime/protocol/slot-messages';
import type { ProfileSettings } from './profile-settings.ts';
import type { StreamName } from './standard-streams.ts';

export interface SlotWorkerData {
  readonly location: SlotLocation;
  readonly doorbell: SharedArrayBuffer;
  readonly overdraftMemoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly profile: ProfileSettings | undefined;
  readonly managedMemoryBytes: number;
  readonly activity: SharedArrayBuffer;
  readonly closeTimeoutMs: number;
  /** Somebody reads them. */
  readonly systemMetrics: boolean;
  readonly logging: LogSettings;
}

/** The global function of a slot's thread that says what the thread is doing, as JSON of a SlotReport; given the slot that is asked for. */
export const SLOT_REPORT = 'millrace.slot-report';

export type ToSlotWorker =
  | { readonly kind: 'slot'; readonly message: ToSlot }
  | {
      readonly kind: 'output-taken';
      readonly stream: StreamName;
      readonly chars: number;
      readonly failure: FailureDescription | undefined;
    };

export type FromSlotWorker =
  | { readonly kind: 'slot'; readonly message: FromSlot }
  | { readonly kind: 'output'; readonly stream: StreamName; readonly text: string };

export type ToCoordinatorWorker =
  | {
      readonly kind: 'start';
      readonly job: JobInformation;
      readonly bundlePath: string;
      readonly restored: Readonly<Record<string, CoordinatorState>>;
    }
  | { readonly kind: 'event'; readonly operatorId: string; readonly subtask: number; readonly event: EnumeratorEvent }
  | { readonly kind: 'snapshot'; readonly checkpointId: number }
  | { readonly kind: 'notify-checkpoint'; readonly checkpointId: number; readonly outcome: 'complete' | 'aborted' }
  | { readonly kind: 'reset-subtask'; readonly operatorId: string; readonly subtask: number; readonly checkpointId: number | undefined }
  | { readonly kind: 'close' };

/** Those of one enumerator keep their order: what it sends after a snapshot comes after the snapshot. */
export type FromCoordinatorWorker =
  | { readonly kind: 'event'; readonly operatorId: string; readonly subtask: number; readonly event: ReaderEvent }
  | { readonly kind: 'snapshot'; readonly checkpointId: number; readonly operatorId: string; readonly state: CoordinatorState }
  | { readonly kind: 'subtask-reset'; readonly operatorId: string; readonly subtask: number }
  | { readonly kind: 'backlog'; readonly operatorId: string; readonly isProcessingBacklog: boolean }
  | { readonly kind: 'failure'; readonly failure: FailureDescription }
  | { readonly kind: 'output'; readonly stream: StreamName; readonly text: string };
