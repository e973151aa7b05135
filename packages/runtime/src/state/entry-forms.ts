/** How what a heap table holds for a key becomes the entries of a checkpoint, and back. One for each kind of content. */
import type { NamespaceType } from '@millrace/streaming/contract/keyed-state';
import type { TableOptions } from '@millrace/streaming/contract/state';
import type { CellsOfKey } from './cells.ts';
import { NameMap } from './name-map.ts';

export interface EntryForm<V> {
  /** Of a table that is told apart from others of its state by it: that of all its entries. */
  readonly namespace?: number | undefined;
  /** Shows the entries of one key. */
  entries(value: V, write: (namespace: unknown, content: unknown) => void): void;
  /** What a key holds with one more entry; `value` is undefined before the first. */
  add(value: V | undefined, namespace: unknown, content: unknown): V;
}

/** Of the tables that operators make: values as they are, or in the plain form that the operator gives them. */
export function tableForm<V>(namespace: number | undefined, options: TableOptions<V>): EntryForm<unknown> {
  const { plainOf, valueOfPlain, entriesOf, ofEntry } = options;
  if (entriesOf !== undefined && ofEntry !== undefined) {
    return {
      entries: (value, write) => entriesOf(value as V, write),
      add: (value, each, content) => ofEntry(value as V | undefined, each as number, content),
    };
  }
  return {
    namespace,
    entries: (value, write) => {
      write(namespace, plainOf === undefined ? value : plainOf(value as V));
    },
    add: (_value, _namespace, content) => (valueOfPlain === undefined ? content : valueOfPlain(content)),
  };
}

/** Between what a cell holds and what an entry carries, by the kind of the state. */
export interface ContentForm<V> {
  /** Undefined where there is nothing to write. */
  write(value: V): unknown;
  read(content: unknown): V;
}

export const PLAIN_CONTENT: ContentForm<unknown> = { write: (value) => value, read: (content) => content };

export const MAP_CONTENT: ContentForm<NameMap<unknown, unknown>> = {
  write: (map) => map,
  read: (content) => {
    const map = new NameMap<unknown, unknown>();
    for (const [name, value] of content as [unknown, unknown][]) map.set(name, value);
    return map;
  },
};

function writeContent(namespace: unknown, content: unknown, write: (namespace: unknown, content: unknown) => void): void {
  if (content !== undefined) write(namespace, content);
}

/** Of a state outside all namespaces. */
export function keyForm<V>(content: ContentForm<V>): EntryForm<V> {
  return {
    entries: (value, write) => writeContent(undefined, content.write(value), write),
    add: (_value, _namespace, read) => content.read(read),
  };
}

/** Of a state in namespaces: one entry for each of them that the key has something in. */
export function namespacedForm<V>(content: ContentForm<V>, namespaces: NamespaceType<unknown>): EntryForm<CellsOfKey<V>> {
  const plainOf = (namespace: unknown) => namespaces.plainOf?.(namespace) ?? namespace;
  return {
    entries: (cells, write) => {
      if (cells instanceof Map) for (const cell of cells.values()) writeContent(plainOf(cell.namespace), content.write(cell.value), write);
      else writeContent(plainOf(cells.namespace), content.write(cells.value), write);
    },
    add: (cells, plain, read) => {
      const namespace = namespaces.namespaceOf === undefined ? plain : namespaces.namespaceOf(plain);
      const cell = { id: namespaces.idOf(namespace), namespace, value: content.read(read) };
      if (cells === undefined) return cell;
      if (cells instanceof Map) return cells.set(cell.id, cell);
      return new Map([cells, cell].map((each) => [each.id, each]));
    },
  };
}
