import { UsageError } from '@millrace/core/base/errors';
import type { TypeInformation } from '@millrace/core/types/type-information';

/** Names a side output and the type of its records. Two tags of one id in one operator are the same side output. Flink: "Side Outputs". */
export class OutputTag<in T> {
  readonly id: string;
  /** For the compiler only: a tag for less serves more. */
  declare readonly accepts: (value: T) => void;
  readonly #type: TypeInformation<never> | undefined;

  constructor(id: string, type?: TypeInformation<T>) {
    if (id === '') throw new UsageError('new OutputTag got an empty id. Give each side output of an operator a name of its own.');
    this.id = id;
    this.#type = type as TypeInformation<never> | undefined;
  }

  /** The declared type of the records, if there is one. */
  getTypeInfo(): TypeInformation<never> | undefined {
    return this.#type;
  }
}
