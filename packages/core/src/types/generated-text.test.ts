// Golden texts of generated codecs. `UPDATE_GOLDEN=1 node tools/test.mjs generated-text` writes them anew; review the difference.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decoderText } from './decoder-generator.ts';
import { encoderText } from './encoder-generator.ts';
import { shapeReaderText, shapeWriterText } from './shape-generator.ts';
import type { ShapeDefinition } from './shapes.ts';
import { descriptionOf, Types } from './types.ts';

const row = descriptionOf(
  Types.row({
    id: Types.LONG,
    'user-id': Types.STRING,
    tags: Types.list(Types.STRING),
    size: Types.nullable(Types.DOUBLE),
    note: Types.optional(Types.STRING),
    at: Types.INSTANT,
    kind: Types.literal('a', 'b'),
    inner: Types.row({ constructor: Types.INT, extra: Types.shape<unknown>() }),
  }),
);
const shape: ShapeDefinition = {
  id: 0,
  keys: ['word', 'count', 'price', 'open', '__proto__', 'a"b'],
  kinds: [3, 1, 2, 4, 0, 0],
  bare: false,
};

const TEXTS: Record<string, () => string> = {
  'row-encoder': () => encoderText(row).toString(),
  'row-decoder': () => decoderText(row).toString(),
  'shape-writer': () => shapeWriterText(shape).toString(),
  'shape-reader': () => shapeReaderText(shape).toString(),
};

describe('the generated text', () => {
  for (const [name, make] of Object.entries(TEXTS)) {
    it(`of the ${name} is what was reviewed`, () => {
      const file = new URL(`../../src/types/testdata/${name}.txt`, import.meta.url);
      const text = `${make()}\n`;
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }
});
