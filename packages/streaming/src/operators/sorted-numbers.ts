/** Ascending arrays of numbers without doubles: window and pane indexes, which nearly always come in order. */

/** The position of the first number that is at least `value`. Looks from the end: that is where new times are. */
export function lowerBound(numbers: readonly number[], value: number): number {
  let high = numbers.length;
  if (high === 0 || (numbers[high - 1] as number) < value) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts a number in its place, unless it is there. */
export function insertSorted(numbers: number[], value: number): void {
  const at = lowerBound(numbers, value);
  if (at === numbers.length) numbers.push(value);
  else if (numbers[at] !== value) numbers.splice(at, 0, value);
}
