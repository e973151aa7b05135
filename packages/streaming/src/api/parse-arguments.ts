import { UsageError } from '@millrace/core/base/errors';
import { show } from './function-checks.ts';

const FLAG = 'true';
const NUMBER = /^-(\d|\.\d)/;

/** The grammar of `ParameterTool.fromArgs`. A word that begins with a dash is a key, unless it is a number. */
export function parseArguments(args: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const { key, value } = keyOf(args, at);
    const next = args[at + 1];
    if (value !== undefined) values.set(key, value);
    else if (next === undefined || isKey(next)) values.set(key, FLAG);
    else {
      values.set(key, next);
      at += 1;
    }
  }
  return values;
}

function keyOf(args: readonly string[], at: number): { readonly key: string; readonly value: string | undefined } {
  const word = args[at] as string;
  if (!isKey(word)) {
    throw new UsageError(`The argument ${show(word)} (number ${at + 1}) belongs to no key. Write --key value, --key=value, or --flag.`, {
      reason: 'argument',
    });
  }
  const [, key = '', value] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (key === '')
    throw new UsageError(`The argument ${show(word)} (number ${at + 1}) has no key. Write --key value, --key=value, or --flag.`, {
      reason: 'argument',
    });
  return { key, value };
}

function isKey(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !NUMBER.test(word);
}
