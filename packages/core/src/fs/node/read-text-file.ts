import { readFileSync } from 'node:fs';
import { fileError } from './file-error.ts';

/** A small file of the program itself, read before the job runs: parameters, settings. UTF-8. */
export function readTextFileSync(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError('read', path, error);
  }
}
