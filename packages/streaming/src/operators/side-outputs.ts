import type { OperatorContext, Output } from '../contract/operator.ts';
import type { OutputTag } from '../contract/output-tag.ts';

/** The side outputs of an operator by their tags, each looked up once. Records leave at `flow.timestamp`; what nobody reads is dropped. */
export class SideOutputs {
  readonly #context: OperatorContext;
  readonly #outputs: Map<string, Output<unknown> | undefined>;

  constructor(context: OperatorContext) {
    this.#context = context;
    this.#outputs = new Map();
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    if (!this.#outputs.has(tag.id)) this.#find(tag.id);
    this.#outputs.get(tag.id)?.collect(value);
  }

  #find(tagId: string): void {
    const output = this.#context.sideOutput(tagId);
    this.#outputs.set(tagId, output);
    if (output === undefined) this.#context.unreadSideOutput?.(tagId);
  }
}
