/** Writes what a record does on an edge that leaves the task: choosing a channel and being written. partitioners.ts is the specification. */
import type { CodeWriter } from '@millrace/core/codegen/code-writer';
import { keyFunctionsOf } from '@millrace/core/types/key';
import { keyGroupOf } from '@millrace/core/types/key-group';
import { channelsOfKeyGroups, keySelectorOf, partitionOf } from './partitioners.ts';
import { type RecordOutput, refusePartition } from './record-output.ts';

/** Up to so many channels have a call site each, so that V8 knows the class of every writer; beyond, one call on an array. */
const CALL_SITES_MAX = 8;

export class EdgeWriter {
  readonly #writer: CodeWriter;
  readonly #flow: string;
  readonly #subtask: number;

  constructor(writer: CodeWriter, flow: string, subtask: number) {
    this.#writer = writer;
    this.#flow = flow;
    this.#subtask = subtask;
  }

  write(output: RecordOutput, record: string): void {
    const writer = this.#writer;
    const edge = writer.constant('edge', output);
    writer.line(`${edge}.records += 1;`);
    const channels = output.writers.length;
    switch (output.plan.edge.partitioner) {
      case 'forward':
      case 'global':
        this.#writeTo(output, 0, record);
        return;
      case 'broadcast':
        for (let channel = 0; channel < channels; channel++) this.#writeTo(output, channel, record);
        return;
      case 'shuffle':
        this.#choose(output, record, `${edge}.random.nextInt(${channels})`);
        return;
      case 'rebalance':
      case 'rescale':
        this.#roundRobin(output, record);
        return;
      case 'hash':
        this.#hash(output, record);
        return;
      case 'custom':
        this.#custom(output, record);
        return;
    }
  }

  #roundRobin(output: RecordOutput, record: string): void {
    const channels = output.writers.length;
    const turn = this.#writer.constant('turn', { next: this.#subtask % channels });
    const channel = this.#writer.local('channel');
    this.#writer.line(`const ${channel} = ${turn}.next;`);
    this.#writer.line(`${turn}.next = ${channel} + 1 === ${channels} ? 0 : ${channel} + 1;`);
    this.#choose(output, record, channel);
  }

  #hash(output: RecordOutput, record: string): void {
    const { plan } = output;
    const writer = this.#writer;
    const selector = writer.constant('keySelector', keySelectorOf(plan));
    const hash = writer.constant('hashOfKey', keyFunctionsOf(plan.edge.keyType).hash);
    const group = writer.constant('keyGroupOf', keyGroupOf);
    const table = writer.constant('channelOfKeyGroup', channelsOfKeyGroups(plan));
    this.#choose(output, record, `${table}[${group}(${hash}(${selector}(${record})), ${plan.targetMaxParallelism})]`);
  }

  #custom(output: RecordOutput, record: string): void {
    const writer = this.#writer;
    const channels = output.writers.length;
    const selector = writer.constant('keySelector', keySelectorOf(output.plan));
    const partition = writer.constant('partition', partitionOf(output.plan));
    const channel = writer.local('channel');
    writer.line(`const ${channel} = ${partition}(${selector}(${record}), ${channels});`);
    const refuse = writer.constant('refusePartition', refusePartition);
    writer.line(`if (!(Number.isInteger(${channel}) && ${channel} >= 0 && ${channel} < ${channels})) ${refuse}(${channel}, ${channels});`);
    this.#choose(output, record, channel);
  }

  #choose(output: RecordOutput, record: string, channel: string): void {
    const writer = this.#writer;
    const channels = output.writers.length;
    if (channels === 1) {
      writer.line(`${channel};`); // a key selector that throws must throw at every parallelism
      this.#writeTo(output, 0, record);
      return;
    }
    if (channels > CALL_SITES_MAX) {
      const writers = writer.constant('writers', output.writers);
      writer.line(`${writers}[${channel}].write(${record}, ${this.#flow}.timestamp);`);
      return;
    }
    writer.block(`switch (${channel})`, () => {
      for (let each = 0; each < channels; each++) {
        writer.line(`case ${each}:`);
        this.#writeTo(output, each, record);
        writer.line('break;');
      }
    });
  }

  #writeTo(output: RecordOutput, channel: number, record: string): void {
    const to = this.#writer.constant('channel', output.writers[channel]);
    this.#writer.line(`${to}.write(${record}, ${this.#flow}.timestamp);`);
  }
}
