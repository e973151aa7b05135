import { type RichFilterFunctionLike, rich } from 'millrace';

/**
 * Passes what may still be the greatest of its window, and drops what is less than something that went before in this subtask. What it remembers only saves work: lost,
 * or mixed between windows that alternate, it lets more through and never less.
 */
export function greatestSoFar<T>(windowOf: (value: T) => number, sizeOf: (value: T) => number): RichFilterFunctionLike<T> {
  return rich(() => {
    let window = Number.NaN;
    let greatest = Number.NEGATIVE_INFINITY;
    return {
      filter(value: T) {
        const size = sizeOf(value);
        if (windowOf(value) === window && size < greatest) return false;
        window = windowOf(value);
        greatest = size;
        return true;
      },
    };
  });
}
