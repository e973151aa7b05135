/** Rows out of columns: one generated constructor for each list of names, so that all rows of a job have one shape. */
import { CodeWriter } from '@millrace/core/codegen/code-writer';
import { canGenerateCode, compileApart } from '@millrace/core/codegen/compile';
import { digestOfText } from '@millrace/core/codegen/digest';
import { literalKey } from '@millrace/core/codegen/identifiers';

export type Column = ArrayLike<unknown>;
export type RowMaker = (columns: readonly Column[]) => (index: number) => unknown;

export function rowMaker(names: readonly string[]): RowMaker {
  return canGenerateCode() ? generatedRowMaker(names) : interpretedRowMaker(names);
}

export function generatedRowMaker(names: readonly string[]): RowMaker {
  const writer = new CodeWriter();
  const columns = writer.local('columns');
  const index = writer.local('index');
  const locals = names.map((name) => writer.local(name));
  writer.block(
    `return (${columns}) =>`,
    () => {
      for (const [position, local] of locals.entries()) writer.line(`const ${local} = ${columns}[${position}];`);
      const fields = names.map((name, position) => `${literalKey(name)}: ${locals[position] as string}[${index}]`);
      writer.line(`return (${index}) => ({ ${fields.join(', ')} });`);
    },
    ';',
  );
  return compileApart(writer, { generator: 'parquet-rows', name: 'row', digest: digestOfText(names.join('\n')) });
}

/** The specification, and what runs where code cannot be generated. */
export function interpretedRowMaker(names: readonly string[]): RowMaker {
  return (columns) => (index) => {
    const row = {};
    for (const [position, name] of names.entries()) {
      Object.defineProperty(row, name, {
        value: (columns[position] as Column)[index],
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return row;
  };
}
