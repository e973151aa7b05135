/** What flows in band beside records, as it waits in front of a suspended step: see step.ts. */
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import type { LatencyMarker } from '../network/latency-marker.ts';

export const QUEUED_RECORD = 1;
export const QUEUED_WATERMARK = 2;
export const QUEUED_STATUS = 3;
export const QUEUED_FINISH = 4;
/** A record of the second input of a two-input operator. */
export const QUEUED_SECOND_RECORD = 5;
export const QUEUED_BARRIER = 6;
export const QUEUED_LATENCY_MARKER = 7;

/** `value` is the timestamp of a watermark; 1 for idle and 0 for active of a status; the id of a barrier's checkpoint; the time of a latency marker; unused for the end. */
export interface ControlElement {
  readonly kind:
    | typeof QUEUED_WATERMARK
    | typeof QUEUED_STATUS
    | typeof QUEUED_FINISH
    | typeof QUEUED_BARRIER
    | typeof QUEUED_LATENCY_MARKER;
  readonly value: number;
  /** Of a barrier only. */
  readonly barrier: CheckpointBarrier | undefined;
  /** Of a latency marker only. */
  readonly marker: LatencyMarker | undefined;
}

export const FINISH: ControlElement = { kind: QUEUED_FINISH, value: 0, barrier: undefined, marker: undefined };

export function watermarkElement(timestamp: number): ControlElement {
  return { kind: QUEUED_WATERMARK, value: timestamp, barrier: undefined, marker: undefined };
}

export function statusElement(idle: boolean): ControlElement {
  return { kind: QUEUED_STATUS, value: idle ? 1 : 0, barrier: undefined, marker: undefined };
}

export function barrierElement(barrier: CheckpointBarrier): ControlElement {
  return { kind: QUEUED_BARRIER, value: barrier.checkpointId, barrier, marker: undefined };
}

export function latencyElement(marker: LatencyMarker): ControlElement {
  return { kind: QUEUED_LATENCY_MARKER, value: marker.markedMs, barrier: undefined, marker };
}
