import type { TaskFlow } from '@millrace/streaming/contract/operator';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';

/** The one implementation of `TaskFlow`, so that every read of it in every generated function sees one shape. */
export class Flow implements TaskFlow {
  timestamp: number;
  blocked: number;

  constructor() {
    this.timestamp = NO_TIMESTAMP; // beyond 2^31: V8 keeps the field as a double from the start
    this.blocked = 0;
  }
}
