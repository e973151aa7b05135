/**
 * Generates the encoder of a declared type: one function for each row, tuple and collection in it, named after its field, with direct calls between them.
 * The interpreter (`interpreter-encoder.ts`) is the specification; what is not worth generating is called from here as it is.
 */
import type { BytesWriter } from '../bytes/bytes-writer.ts';
import { CodeWriter } from '../codegen/code-writer.ts';
import { compile } from '../codegen/compile.ts';
import { propertyAccess } from '../codegen/identifiers.ts';
import { digestOf } from './descriptions.ts';
import { interpretedWriter, unionIndex } from './interpreter-encoder.ts';
import { ABSENT, fixedBytesOf, type Layout, layoutOf, layoutOfTuple, type PlacedField, PRESENT, UNDEFINED } from './layout.ts';
import { isInherited, isRow, ownProperty } from './plain.ts';
import { refused } from './refusal.ts';
import { putText, testText } from './scalar-code.ts';
import { type ScalarDescription, WHOLE } from './scalars.ts';
import type { ShapeWriter } from './shape-writer.ts';
import { writeString } from './strings.ts';
import type { TypeDescription } from './type-information.ts';
import { writeBigInt, writeByte, writeLength } from './wire.ts';

export type WriteRoot = (value: unknown, output: BytesWriter) => void;
/** Makes the function of one encoder. `explain` turns what was thrown into the error that names the place. */
export type EncoderFactory = (shapes: ShapeWriter, explain: (value: unknown, error: unknown) => unknown) => WriteRoot;

export function generateEncoder(description: TypeDescription): EncoderFactory {
  const writer = encoderText(description);
  return compile<EncoderFactory>(writer, { generator: 'encoder', name: description.kind, digest: digestOf(description) });
}

/** The text by itself, for the golden files. */
export function encoderText(description: TypeDescription): CodeWriter {
  const text = new CodeWriter();
  const generator = new EncoderGenerator(text);
  for (const name of ['shapes', 'explain', 'value', 'output', 'write', 'error']) text.local(name);
  text.block(
    'return (shapes, explain) =>',
    () => {
      text.block(
        'return function write(value, output)',
        () => {
          text.block('try', () => {
            generator.value(description, 'value', 'record');
          });
          text.block('catch (error)', () => {
            if (mayLearn(description)) text.line('shapes.begin();');
            text.line('throw explain(value, error);');
          });
        },
        ';',
      );
      generator.pending();
    },
    ';',
  );
  return text;
}

/** Whether any part is written by the shape codec. */
export function mayLearn(description: TypeDescription): boolean {
  return JSON.stringify(description).includes('"kind":"shape"');
}

/** Unions of these are told apart without looking inside. */
const PLAIN_KINDS = new Set([
  'string',
  'bigint',
  'boolean',
  'byte',
  'short',
  'int',
  'long',
  'float',
  'double',
  'date',
  'null',
  'undefined',
]);
/** Literals up to this number are compared one after another. */
const COMPARED = 8;

class EncoderGenerator {
  readonly #text: CodeWriter;
  readonly #later: (() => void)[] = [];

  constructor(text: CodeWriter) {
    this.#text = text;
  }

  /** The functions that were called so far, and those that they call. */
  pending(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
  }

  /** Statements that write the value of `expression`, a local name or `value`. */
  value(type: TypeDescription, expression: string, hint: string): void {
    const text = this.#text;
    switch (type.kind) {
      case 'string':
        this.#refuseIf(`typeof ${expression} !== 'string'`);
        text.line(`${text.constant('writeString', writeString)}(${expression}, output);`);
        return;
      case 'bigint':
        this.#refuseIf(`typeof ${expression} !== 'bigint'`);
        text.line(`${text.constant('writeBigInt', writeBigInt)}(${expression}, output);`);
        return;
      case 'shape':
        text.line(`shapes.write(${expression}, output);`);
        return;
      case 'nullable':
        text.block(`if (${expression} === null)`, () => this.#byte('0'));
        text.block('else', () => {
          this.#byte('1');
          this.value(type.type, expression, hint);
        });
        return;
      default:
        if (fixedBytesOf(type) > 0) this.#scalar(type as ScalarDescription, expression);
        else this.#composite(type, expression, hint);
    }
  }

  #composite(type: TypeDescription, expression: string, hint: string): void {
    const text = this.#text;
    switch (type.kind) {
      case 'row':
        this.#call(hint, expression, () =>
          this.#fields(layoutOf(type.fields), `value.constructor !== Object && !${text.constant('isRow', isRow)}(value)`),
        );
        return;
      case 'tuple':
        this.#call(hint, expression, () =>
          this.#fields(layoutOfTuple(type.elements), `!Array.isArray(value) || value.length !== ${type.elements.length}`),
        );
        return;
      case 'list':
        if (type.element.kind === 'shape') this.#interpreted(type, expression);
        else this.#call(hint, expression, () => this.#elements(type.element, hint));
        return;
      case 'set':
        this.#call(hint, expression, () => this.#set(type.element, hint));
        return;
      case 'map':
        this.#call(hint, expression, () => this.#map(type.key, type.value, hint));
        return;
      case 'literal':
        if (type.values.length > COMPARED) this.#interpreted(type, expression);
        else this.#literal(type.values, expression);
        return;
      case 'union':
        this.#call(hint, expression, () => this.#union(type.types, hint));
        return;
      default:
        this.#interpreted(type, expression);
    }
  }

  #refuseIf(condition: string): void {
    this.#text.line(`if (${condition}) ${this.#text.constant('refuse', refuse)}();`);
  }

  #byte(expression: string): void {
    this.#text.line(`${this.#text.constant('writeByte', writeByte)}(${expression}, output);`);
  }

  #interpreted(type: TypeDescription, expression: string): void {
    this.#text.line(`${this.#text.constant(`interpreted_${type.kind}`, interpretedWriter(type))}(${expression}, output, shapes);`);
  }

  /** Calls a function of its own for a composite value, and sets down its body for later. */
  #call(hint: string, expression: string, body: () => void): void {
    const text = this.#text;
    const name = text.local(`write_${hint}`);
    text.line(`${name}(${expression}, output);`);
    this.#later.push(() => text.block(`function ${name}(value, output)`, body));
  }

  #scalar(type: ScalarDescription, expression: string): void {
    const text = this.#text;
    const size = fixedBytesOf(type);
    this.#refuseIf(testText(type.kind, expression));
    text.line(`output.ensure(${size});`);
    text.line(putText(type.kind, expression, 'output.view', 'output.position'));
    text.line(`output.position += ${size};`);
  }

  #fields(layout: Layout, unfit: string): void {
    this.#refuseIf(unfit);
    if (layout.fields.length === 0) this.#byte('0');
    if (layout.fixed.length > 0) this.#fixed(layout);
    for (const field of layout.varying) this.#varying(field);
  }

  #fixed(layout: Layout): void {
    const text = this.#text;
    const names = layout.fixed.map((field) => {
      const name = this.#content(field);
      this.#refuseIf(testText((field.type as ScalarDescription).kind, name));
      return name;
    });
    const view = text.local('view');
    const position = text.local('position');
    text.line(`output.ensure(${layout.fixedBytes});`);
    text.line(`const ${view} = output.view;`);
    text.line(`const ${position} = output.position;`);
    layout.fixed.forEach((field, index) => {
      const place = field.offset === 0 ? position : `${position} + ${field.offset}`;
      text.line(putText((field.type as ScalarDescription).kind, names[index]!, view, place));
    });
    text.line(`output.position = ${position} + ${layout.fixedBytes};`);
  }

  /** Reads the field into a local name. */
  #content(field: PlacedField): string {
    const text = this.#text;
    const name = text.local(field.name);
    const own = isInherited(field.name)
      ? `${text.constant('ownProperty', ownProperty)}(value, ${JSON.stringify(field.name)})`
      : propertyAccess('value', field.name);
    text.line(`const ${name} = ${own};`);
    return name;
  }

  #varying(field: PlacedField): void {
    const text = this.#text;
    const name = this.#content(field);
    if (!field.optional) {
      this.value(field.type, name, field.name);
      return;
    }
    text.block(`if (${name} === undefined)`, () =>
      this.#byte(`Object.hasOwn(value, ${JSON.stringify(field.name)}) ? ${UNDEFINED} : ${ABSENT}`),
    );
    text.block('else', () => {
      this.#byte(String(PRESENT));
      this.value(field.type, name, field.name);
    });
  }

  #elements(element: TypeDescription, hint: string): void {
    const text = this.#text;
    this.#refuseIf('!Array.isArray(value)');
    text.line('const length = value.length;');
    text.line(`${text.constant('writeLength', writeLength)}(length, output);`);
    text.block('for (let index = 0; index < length; index++)', () => {
      text.line('const element = value[index];');
      this.value(element, 'element', `${hint}_element`);
    });
  }

  #set(element: TypeDescription, hint: string): void {
    const text = this.#text;
    this.#refuseIf('!(value instanceof Set) || Object.getPrototypeOf(value) !== Set.prototype');
    text.line(`${text.constant('writeLength', writeLength)}(value.size, output);`);
    text.block('for (const element of value)', () => this.value(element, 'element', `${hint}_element`));
  }

  #map(key: TypeDescription, value: TypeDescription, hint: string): void {
    const text = this.#text;
    this.#refuseIf('!(value instanceof Map) || Object.getPrototypeOf(value) !== Map.prototype');
    text.line(`${text.constant('writeLength', writeLength)}(value.size, output);`);
    text.block('for (const [key, content] of value)', () => {
      this.value(key, 'key', `${hint}_key`);
      this.value(value, 'content', `${hint}_value`);
    });
  }

  #literal(values: readonly unknown[], expression: string): void {
    const text = this.#text;
    const index = text.local('literal');
    const tests = values.map((value, at) => `${expression} === ${JSON.stringify(value)} ? ${at} : `).join('');
    text.line(`const ${index} = ${tests}-1;`);
    this.#refuseIf(`${index} < 0`);
    this.#byte(index);
  }

  #union(types: readonly TypeDescription[], hint: string): void {
    const text = this.#text;
    const simple = types.every((type) => PLAIN_KINDS.has(type.kind));
    const index = simple ? `${types.map((type, at) => `${plainTest(type)} ? ${at} : `).join('')}-1` : `${this.#indexOf(types)}(value)`;
    text.line(`const type = ${index};`);
    this.#refuseIf('type < 0');
    this.#byte('type');
    text.block('switch (type)', () => {
      types.forEach((type, at) => {
        text.block(`case ${at}:`, () => {
          this.value(type, 'value', `${hint}_${at}`);
          text.line('return;');
        });
      });
    });
  }

  #indexOf(types: readonly TypeDescription[]): string {
    return this.#text.constant('unionIndex', (value: unknown) => unionIndex(types, value));
  }
}

/** Whole numbers are asked for their kind first: the test itself throws for a bigint, which another type of the union may take. */
function plainTest(type: TypeDescription): string {
  if (type.kind === 'string' || type.kind === 'bigint') return `typeof value === '${type.kind}'`;
  const { kind } = type as ScalarDescription;
  return `${kind in WHOLE ? "typeof value === 'number' && " : ''}!(${testText(kind, 'value')})`;
}

function refuse(): never {
  throw refused();
}
