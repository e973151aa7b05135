/**
 * Generates the decoder of a declared type; the twin of `encoder-generator.ts`, specified by `interpreter-decoder.ts`. Rows are made by object literals
 * with all of their fields in the order of the schema, so that they have one hidden class.
 */
import type { BytesReader } from '../bytes/bytes-reader.ts';
import { CodeWriter } from '../codegen/code-writer.ts';
import { compile } from '../codegen/compile.ts';
import { literalKey, propertyAccess } from '../codegen/identifiers.ts';
import { digestOf } from './descriptions.ts';
import { mayLearn } from './encoder-generator.ts';
import { interpretedReader } from './interpreter-decoder.ts';
import { ABSENT, fixedBytesOf, type Layout, layoutOf, layoutOfTuple, type PlacedField, PRESENT } from './layout.ts';
import { defineField } from './plain.ts';
import { getText } from './scalar-code.ts';
import { booleanAt, type ScalarDescription } from './scalars.ts';
import type { ShapeReader } from './shape-reader.ts';
import { readString, truncated } from './strings.ts';
import type { TypeDescription } from './type-information.ts';
import { readBigInt, readByte, readBytes, readFieldState, readLength, readNullMark } from './wire.ts';

export type ReadRoot = (input: BytesReader) => unknown;
export type DecoderFactory = (shapes: ShapeReader) => ReadRoot;

export function generateDecoder(description: TypeDescription): DecoderFactory {
  const writer = decoderText(description);
  return compile<DecoderFactory>(writer, { generator: 'decoder', name: description.kind, digest: digestOf(description) });
}

export function decoderText(description: TypeDescription): CodeWriter {
  const text = new CodeWriter();
  const generator = new DecoderGenerator(text);
  for (const name of ['shapes', 'input', 'read', 'view', 'position', 'row']) text.local(name);
  text.block(
    'return (shapes) =>',
    () => {
      text.block(
        'return function read(input)',
        () => {
          if (mayLearn(description)) text.line('shapes.begin();');
          text.line(`return ${generator.value(description, 'record')};`);
        },
        ';',
      );
      generator.pending();
    },
    ';',
  );
  return text;
}

class DecoderGenerator {
  readonly #text: CodeWriter;
  readonly #later: (() => void)[] = [];

  constructor(text: CodeWriter) {
    this.#text = text;
  }

  pending(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
  }

  /** An expression that reads one value. */
  value(type: TypeDescription, hint: string): string {
    const text = this.#text;
    switch (type.kind) {
      case 'string':
        return `${text.constant('readString', readString)}(input)`;
      case 'bigint':
        return `${text.constant('readBigInt', readBigInt)}(input)`;
      case 'bytes':
        return `${text.constant('readBytes', readBytes)}(input)`;
      case 'shape':
        return 'shapes.read(input)';
      case 'nullable':
        return `(${text.constant('readNullMark', readNullMark)}(input) === 0 ? null : ${this.value(type.type, hint)})`;
      case 'row':
        return this.#call(hint, () => this.#row(layoutOf(type.fields)));
      case 'tuple':
        return this.#call(hint, () => this.#tuple(layoutOfTuple(type.elements)));
      case 'list':
        return type.element.kind === 'shape' ? 'shapes.readElements(input)' : this.#call(hint, () => this.#list(type.element, hint));
      case 'set':
        return this.#call(hint, () => this.#set(type.element, hint));
      case 'map':
        return this.#call(hint, () => this.#map(type.key, type.value, hint));
      default:
        return fixedBytesOf(type) > 0 ? this.#scalar(type as ScalarDescription) : this.#interpreted(type);
    }
  }

  /** One function for a kind, wherever it stands. */
  #scalar(type: ScalarDescription): string {
    return `${this.#text.constant(`read_${type.kind}`, scalarReader(type.kind))}(input)`;
  }

  #interpreted(type: TypeDescription): string {
    return `${this.#text.constant(`interpreted_${type.kind}`, interpretedReader(type))}(input, shapes)`;
  }

  #call(hint: string, body: () => void): string {
    const name = this.#text.local(`read_${hint}`);
    this.#later.push(() => this.#text.block(`function ${name}(input)`, body));
    return `${name}(input)`;
  }

  /** Reads every field into a local name, in the order of the bytes. */
  #contents(layout: Layout): string[] {
    const text = this.#text;
    const names: string[] = [];
    if (layout.fields.length === 0) text.line(`${text.constant('readByte', readByte)}(input);`);
    if (layout.fixed.length > 0) this.#fixed(layout, names);
    for (const field of layout.varying) names[field.index] = this.#varying(field);
    return names;
  }

  #fixed(layout: Layout, names: string[]): void {
    const text = this.#text;
    text.line('const position = input.position;');
    text.line(
      `if (position + ${layout.fixedBytes} > input.limit) throw ${text.constant('truncated', truncated)}(input, ${layout.fixedBytes});`,
    );
    text.line('const view = input.view;');
    for (const field of layout.fixed) {
      const name = text.local(field.name);
      names[field.index] = name;
      const place = field.offset === 0 ? 'position' : `position + ${field.offset}`;
      text.line(`const ${name} = ${getText((field.type as ScalarDescription).kind, place, text.constant('booleanAt', booleanAt))};`);
    }
    text.line(`input.position = position + ${layout.fixedBytes};`);
  }

  #varying(field: PlacedField): string {
    const text = this.#text;
    const name = text.local(field.name);
    if (field.optional) text.line(`const ${stateOf(name)} = ${text.constant('readFieldState', readFieldState)}(input);`);
    const value = this.value(field.type, field.name);
    text.line(`const ${name} = ${field.optional ? `${stateOf(name)} === ${PRESENT} ? ${value} : undefined` : value};`);
    return name;
  }

  #tuple(layout: Layout): void {
    const names = this.#contents(layout);
    this.#text.line(`return [${names.join(', ')}];`);
  }

  /** What may be absent is set after the literal, and everything behind it too, so that fields keep their order. */
  #row(layout: Layout): void {
    const text = this.#text;
    const names = this.#contents(layout);
    const firstOptional = layout.fields.findIndex((field) => field.optional);
    const inLiteral = firstOptional < 0 ? layout.fields : layout.fields.slice(0, firstOptional);
    const literal = `{ ${inLiteral.map((field) => `${literalKey(field.name)}: ${names[field.index]}`).join(', ')} }`;
    if (firstOptional < 0) {
      text.line(`return ${literal};`);
      return;
    }
    text.line(`const row = ${literal};`);
    for (const field of layout.fields.slice(firstOptional)) {
      const name = names[field.index]!;
      text.line(`${field.optional ? `if (${stateOf(name)} !== ${ABSENT}) ` : ''}${this.#assignment(field.name, name)}`);
    }
    text.line('return row;');
  }

  #assignment(field: string, name: string): string {
    if (field !== '__proto__') return `${propertyAccess('row', field)} = ${name};`;
    return `${this.#text.constant('defineField', defineField)}(row, "__proto__", ${name});`;
  }

  #list(element: TypeDescription, hint: string): void {
    const text = this.#text;
    text.line(`const length = ${text.constant('readLength', readLength)}(input, 1);`);
    text.line('const values = [];');
    text.line(`for (let index = 0; index < length; index++) values.push(${this.value(element, `${hint}_element`)});`);
    text.line('return values;');
  }

  #set(element: TypeDescription, hint: string): void {
    const text = this.#text;
    text.line(`const length = ${text.constant('readLength', readLength)}(input, 1);`);
    text.line('const values = new Set();');
    text.line(`for (let index = 0; index < length; index++) values.add(${this.value(element, `${hint}_element`)});`);
    text.line('return values;');
  }

  #map(key: TypeDescription, value: TypeDescription, hint: string): void {
    const text = this.#text;
    text.line(`const length = ${text.constant('readLength', readLength)}(input, 2);`);
    text.line('const entries = new Map();');
    // Arguments are evaluated from left to right, so the key is read first.
    text.line(
      `for (let index = 0; index < length; index++) entries.set(${this.value(key, `${hint}_key`)}, ${this.value(value, `${hint}_value`)});`,
    );
    text.line('return entries;');
  }
}

/** Names end in a letter, a digit or `_`, and no local name is given twice, so this one is free. */
function stateOf(name: string): string {
  return `state$${name}`;
}

const scalarReaders = new Map<string, ReadRoot>();

function scalarReader(kind: ScalarDescription['kind']): ReadRoot {
  const known = scalarReaders.get(kind) ?? (interpretedReader({ kind } as TypeDescription) as ReadRoot);
  scalarReaders.set(kind, known);
  return known;
}
