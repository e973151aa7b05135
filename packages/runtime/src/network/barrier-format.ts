/**
 * A checkpoint's barrier as bytes in a ring: JSON, for it comes once for each checkpoint and is read by whatever version is at the other end.
 *
 * Bounded on both sides, and checked where it is read: what is no barrier must not become a path that a task writes to.
 */
import { DataError, UsageError } from '@millrace/core/base/errors';
import type { CheckpointBarrier, CheckpointLocation } from '../checkpoint/checkpoint-options.ts';

/** Three paths of the greatest length that file systems allow, in UTF-8, and room around them. */
export const MAX_BARRIER_BYTES = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeBarrier(barrier: CheckpointBarrier): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(barrier));
  if (bytes.byteLength > MAX_BARRIER_BYTES) {
    throw new UsageError(
      `The barrier of checkpoint ${barrier.checkpointId} takes ${bytes.byteLength} bytes; ${MAX_BARRIER_BYTES} are allowed. The location of the checkpoint is too long: shorten execution.checkpointing.dir.`,
      { reason: 'barrier-too-large' },
    );
  }
  return bytes;
}

export function decodeBarrier(bytes: Uint8Array): CheckpointBarrier {
  if (bytes.byteLength > MAX_BARRIER_BYTES) throw damaged(`it has ${bytes.byteLength} bytes, more than ${MAX_BARRIER_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw damaged('it is no JSON', error);
  }
  return barrierOf(value);
}

function barrierOf(value: unknown): CheckpointBarrier {
  const { checkpointId, timestamp, kind, location, stop } = fieldsOf(value, 'it');
  if (!isCount(checkpointId) || checkpointId === 0) throw damaged(`its checkpoint id is ${shown(checkpointId)}`);
  if (!Number.isSafeInteger(timestamp)) throw damaged(`its timestamp is ${shown(timestamp)}`);
  if (kind !== 'checkpoint' && kind !== 'savepoint') throw damaged(`its kind is ${shown(kind)}`);
  if (stop !== undefined && stop !== 'drain' && stop !== 'suspend') throw damaged(`its stop is ${shown(stop)}`);
  const barrier: CheckpointBarrier = { checkpointId, timestamp: timestamp as number, kind, location: locationOf(location) };
  return stop === undefined ? barrier : { ...barrier, stop };
}

function locationOf(value: unknown): CheckpointLocation {
  const { kind, maxStateBytes, base, exclusive, shared, inlineBytesMax } = fieldsOf(value, 'its location');
  if (kind === 'memory' && isCount(maxStateBytes)) return { kind, maxStateBytes };
  const isDirectory = kind === 'directory' && isText(base) && isText(exclusive) && isText(shared) && isCount(inlineBytesMax);
  if (!isDirectory) throw damaged('its location is none');
  return { kind, base, exclusive, shared, inlineBytesMax };
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${what} is no object`);
  return value as Record<string, unknown>;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 80);
}

function damaged(what: string, cause?: unknown): DataError {
  return new DataError(
    `A checkpoint barrier in a channel is damaged: ${what}. The two ends of the channel do not run the same version. Start all processes from one installation.`,
    {
      reason: 'damaged-barrier',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
