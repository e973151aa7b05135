import { DataError } from '@millrace/core/base/errors';
import type { SimpleVersionedSerializer } from '@millrace/core/types/type-information';

const VERSION = 1;

/** For splits and enumerator states: small plain objects of strings and numbers. */
export function jsonSerializer<T>(what: string): SimpleVersionedSerializer<T> {
  return {
    version: VERSION,
    serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
    deserialize(bytes, version) {
      if (version !== VERSION)
        throw new DataError(
          `A ${what} has format version ${version}; this version of Millrace reads ${VERSION}. Restore it with the version that wrote it.`,
        );
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    },
  };
}
