/** A number for the entries of a state that does not hang on their order: two subtasks that did the same in another order have the same. */
import { checksumOf } from '@millrace/core/fs/node/checksum';
import type { TypeDescription } from '@millrace/core/types/type-information';

export class ContentDigest {
  #sum = 0;

  /** Undefined where equal values of these types may be written as other bytes. */
  static of(types: readonly (TypeDescription | undefined)[]): ContentDigest | undefined {
    return types.every((type) => type === undefined || hasOneForm(type)) ? new ContentDigest() : undefined;
  }

  /** One entry as it was written. */
  add(bytes: Uint8Array): void {
    this.#sum = (this.#sum + checksumOf(bytes)) >>> 0;
  }

  get value(): number {
    return this.#sum;
  }
}

/** Shapes are numbered as they are learned; sets, maps and dictionaries keep an order that is no part of their value. */
function hasOneForm(type: TypeDescription): boolean {
  switch (type.kind) {
    case 'shape':
    case 'set':
    case 'map':
    case 'record':
      return false;
    case 'row':
      return type.fields.every((field) => hasOneForm(field.type));
    case 'tuple':
      return type.elements.every(hasOneForm);
    case 'list':
      return hasOneForm(type.element);
    case 'nullable':
      return hasOneForm(type.type);
    case 'union':
      return type.types.every(hasOneForm);
    default:
      return true;
  }
}
