import { MAX_TIMESTAMP } from '../contract/timestamp.ts';
import { Window } from './window.ts';

/** The one window that holds everything and never ends. */
export class GlobalWindow extends Window {
  static readonly #THE_ONE: GlobalWindow = new GlobalWindow();

  private constructor() {
    super();
  }

  static get(): GlobalWindow {
    return GlobalWindow.#THE_ONE;
  }

  override maxTimestamp(): number {
    return MAX_TIMESTAMP;
  }

  override toString(): string {
    return 'GlobalWindow';
  }
}
