/**
 * Generates the code of one shape: a writer that first sees whether an object has it, and a reader that makes it by one object literal. Specified by
 * `interpreted-shapes.ts`. Texts hang on the keys and the kinds of their contents only, so encoders of all edges share them.
 */
import { CodeWriter } from '../codegen/code-writer.ts';
import { compile } from '../codegen/compile.ts';
import { digestOfText } from '../codegen/digest.ts';
import { literalKey, propertyAccess } from '../codegen/identifiers.ts';
import { interpretedShape, interpretedShapeReader, tagBytes } from './interpreted-shapes.ts';
import { isPlain, ownProperty } from './plain.ts';
import { booleanAt } from './scalars.ts';
import type { ReadShape } from './shape-reader.ts';
import type { WrittenShape } from './shape-table.ts';
import {
  ANY_FIELD,
  BOOLEAN_FIELD,
  type FieldPlace,
  INT_FIELD,
  layoutOfShape,
  NUMBER_FIELD,
  type ShapeDefinition,
  type ShapeLayout,
  STRING_FIELD,
} from './shapes.ts';
import { readString, truncated, writeString } from './strings.ts';

/** Objects with more fields are written by the interpreter: V8 would not optimize a function of such length either. */
const MAX_GENERATED_KEYS = 200;
/** Texts that are kept by shape, so that codecs of single values (state, checkpoints) need not be generated again. */
const CACHE_LIMIT = 1_000;

type WriterFactory = (definition: ShapeDefinition) => WrittenShape;
const writers = new Map<string, WriterFactory>();
const readers = new Map<string, ReadShape>();

export function generateShape(definition: ShapeDefinition): WrittenShape {
  // Rare kinds of objects: numbered beyond the tag, too many fields.
  if (tagBytes(definition.id) > 1 || definition.keys.length > MAX_GENERATED_KEYS) return interpretedShape(definition);
  const key = identityOf(definition);
  const known = writers.get(key);
  if (known !== undefined) return known(definition);
  const factory = compile<WriterFactory>(shapeWriterText(definition), {
    generator: 'shape-writer',
    name: definition.keys.join('-'),
    digest: digestOfText(key),
  });
  if (writers.size < CACHE_LIMIT) writers.set(key, factory);
  return factory(definition);
}

export function generateShapeReader(definition: ShapeDefinition): ReadShape {
  if (definition.keys.length > MAX_GENERATED_KEYS) return interpretedShapeReader(definition);
  const key = identityOf(definition);
  const known = readers.get(key);
  if (known !== undefined) return known;
  const reader = compile<ReadShape>(shapeReaderText(definition), {
    generator: 'shape-reader',
    name: definition.keys.join('-'),
    digest: digestOfText(key),
  });
  if (readers.size < CACHE_LIMIT) readers.set(key, reader);
  return reader;
}

function identityOf(definition: ShapeDefinition): string {
  return JSON.stringify([definition.keys, definition.kinds, definition.bare]);
}

export function shapeWriterText(definition: ShapeDefinition): CodeWriter {
  const text = new CodeWriter();
  const layout = layoutOfShape(definition);
  for (const name of ['definition', 'tag', 'keys', 'key', 'index', 'value', 'output', 'shapes', 'view', 'position', 'write'])
    text.local(name);
  text.block(
    'return (definition) =>',
    () => {
      text.line('const tag = 128 + definition.id;');
      text.line('const keys = definition.keys;');
      for (const field of layout.varying) if (field.kind === ANY_FIELD) text.line(`let ${predictedOf(field)};`);
      text.block('function write(value, output, shapes)', () => writeBody(definition, layout, text));
      text.line('return { definition, write };');
    },
    ';',
  );
  return text;
}

function predictedOf(field: FieldPlace): string {
  return `predicted$${field.index}`;
}

function writeBody(definition: ShapeDefinition, layout: ShapeLayout, text: CodeWriter): void {
  const plain = text.constant('isPlain', isPlain);
  if (definition.bare) text.line('if (Object.getPrototypeOf(value) !== null) return false;');
  else text.line(`if (value.constructor !== Object && (!${plain}(value) || Object.getPrototypeOf(value) === null)) return false;`);
  text.line('let index = 0;');
  text.line('for (const key in value) if (key !== keys[index++]) return false;');
  text.line(`if (index !== ${definition.keys.length}) return false;`);
  const names = layout.fields.map((field) => {
    const name = text.local(field.name);
    text.line(
      `const ${name} = ${field.name === '__proto__' ? `${text.constant('ownProperty', ownProperty)}(value, "__proto__")` : propertyAccess('value', field.name)};`,
    );
    return name;
  });
  for (const field of layout.fields)
    if (field.kind !== ANY_FIELD) text.line(`if (${misfitText(field, names[field.index]!)}) return false;`);
  fixedFields(layout, names, text);
  for (const field of layout.varying) text.line(varyingText(field, names[field.index]!, text));
  text.line('return true;');
}

function misfitText(field: FieldPlace, name: string): string {
  if (field.kind === INT_FIELD) return `typeof ${name} !== 'number' || (${name} | 0) !== ${name} || Object.is(${name}, -0)`;
  if (field.kind === NUMBER_FIELD) return `typeof ${name} !== 'number'`;
  return `typeof ${name} !== '${field.kind === STRING_FIELD ? 'string' : 'boolean'}'`;
}

function fixedFields(layout: ShapeLayout, names: readonly string[], text: CodeWriter): void {
  text.line(`output.ensure(${1 + layout.fixedBytes});`);
  text.line('const view = output.view;');
  text.line('const position = output.position;');
  text.line('view.setUint8(position, tag);');
  for (const field of layout.fixed) {
    const place = `position + ${1 + field.offset}`;
    const name = names[field.index]!;
    if (field.kind === INT_FIELD) text.line(`view.setInt32(${place}, ${name}, true);`);
    else if (field.kind === NUMBER_FIELD) text.line(`view.setFloat64(${place}, ${name}, true);`);
    else text.line(`view.setUint8(${place}, ${name} ? 1 : 0);`);
  }
  text.line(`output.position = position + ${1 + layout.fixedBytes};`);
}

function varyingText(field: FieldPlace, name: string, text: CodeWriter): string {
  if (field.kind === STRING_FIELD) return `${text.constant('writeString', writeString)}(${name}, output);`;
  return `${predictedOf(field)} = shapes.writeField(${name}, output, ${predictedOf(field)});`;
}

export function shapeReaderText(definition: ShapeDefinition): CodeWriter {
  const text = new CodeWriter();
  const layout = layoutOfShape(definition);
  for (const name of ['input', 'shapes', 'view', 'position', 'read', 'value']) text.local(name);
  text.block('function read(input, shapes)', () => {
    const names = layout.fields.map((field) => text.local(field.name));
    if (layout.fixed.length > 0) fixedReads(layout, names, text);
    for (const field of layout.varying) {
      const value = field.kind === STRING_FIELD ? `${text.constant('readString', readString)}(input)` : 'shapes.read(input)';
      text.line(`const ${names[field.index]} = ${value};`);
    }
    const fields = layout.fields.map((field) => `${literalKey(field.name)}: ${names[field.index]}`);
    text.line(`return { ${[...(definition.bare ? ['__proto__: null'] : []), ...fields].join(', ')} };`);
  });
  text.line('return { read };');
  return text;
}

function fixedReads(layout: ShapeLayout, names: readonly string[], text: CodeWriter): void {
  text.line('const position = input.position;');
  text.line(
    `if (position + ${layout.fixedBytes} > input.limit) throw ${text.constant('truncated', truncated)}(input, ${layout.fixedBytes});`,
  );
  text.line('const view = input.view;');
  for (const field of layout.fixed) {
    const place = field.offset === 0 ? 'position' : `position + ${field.offset}`;
    text.line(`const ${names[field.index]} = ${fieldText(field, place, text)};`);
  }
  text.line(`input.position = position + ${layout.fixedBytes};`);
}

function fieldText(field: FieldPlace, place: string, text: CodeWriter): string {
  if (field.kind === BOOLEAN_FIELD) return `${text.constant('booleanAt', booleanAt)}(input, ${place})`;
  return field.kind === INT_FIELD ? `view.getInt32(${place}, true)` : `view.getFloat64(${place}, true)`;
}
