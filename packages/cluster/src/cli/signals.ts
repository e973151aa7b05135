import { EXIT_INTERRUPTED, EXIT_TERMINATED } from './exit-code.ts';

/** Calls `interrupt` with the exit code that belongs to the signal, for the first and for every further one. */
export function onSignals(interrupt: (exitCode: number) => void): void {
  process.on('SIGINT', () => interrupt(EXIT_INTERRUPTED));
  process.on('SIGTERM', () => interrupt(EXIT_TERMINATED));
}
