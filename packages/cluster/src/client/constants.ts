/** The values of `env.constant`: computed by the client once, in the order of the calls, and read back wherever the program is run again. */
import { UsageError } from '@millrace/core/base/errors';
import { BytesReader } from '@millrace/core/bytes/bytes-reader';
import { BytesWriter } from '@millrace/core/bytes/bytes-writer';
import { createCodec } from '@millrace/core/types/codec';
import type { Codec } from '@millrace/core/types/type-information';

/** A constant travels in the job's description, which every slot holds; data belongs in files. */
export const MAX_CONSTANT_BYTES = 1024 * 1024;

/** The text of a value, and the value as every slot will see it: the client gets the copy, too, so that a difference shows at once. */
export function recordConstant(value: unknown, index: number): { readonly text: string; readonly value: unknown } {
  const which = `The value of env.constant number ${index + 1}`;
  if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function') {
    throw new UsageError(
      `${which} is a promise. Give env.constant a function that returns the value itself, for example with readFileSync.`,
      { reason: 'constant' },
    );
  }
  const codec = valueCodec();
  const writer = new BytesWriter(new Uint8Array(256));
  try {
    codec.createEncoder().write(value, writer);
  } catch (cause) {
    throw new UsageError(`${which} cannot travel with the job: ${(cause as Error).message}`, { cause, reason: 'constant' });
  }
  if (writer.position > MAX_CONSTANT_BYTES) {
    throw new UsageError(
      `${which} has ${writer.position} bytes; at most ${MAX_CONSTANT_BYTES} can travel with the job. Write it to a file and read that in open().`,
      {
        reason: 'constant',
      },
    );
  }
  const text = Buffer.from(writer.toBytes()).toString('base64');
  return { text, value: readConstant(text) };
}

export function readConstant(text: string): unknown {
  return valueCodec()
    .createDecoder()
    .read(new BytesReader(Buffer.from(text, 'base64')));
}

function valueCodec(): Codec<unknown> {
  return createCodec({ kind: 'shape' }, { maxShapes: 4096, onWarning: () => {} }) as Codec<unknown>;
}
