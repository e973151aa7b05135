/**
 * Writes a chain as code (architecture D6): plain functions are called directly, operators through the one method, and the edges' partitioners stand
 * where their records leave. chain-interpreter.ts is the specification.
 *
 * G1 the text is a function for every place where records enter the tree: the input, each operator's outputs, each flatMap's items. All else is inlined.
 * G2 such a function has one `try`, a variable for the step under way, and a variable for each record, so that the catch can name both; nothing of it costs
 *    anything until something throws.
 * G3 functions and operators are written leaves first, so everything that a function refers to is a constant by then.
 */

import { CodeWriter } from '@millrace/core/codegen/code-writer';
import { compileApart, lineOfText } from '@millrace/core/codegen/compile';
import { digestOfText } from '@millrace/core/codegen/digest';
import { NO_TIMESTAMP } from '@millrace/streaming/contract/timestamp';
import type { PlannedOutput, PlannedStep } from './chain-plan.ts';
import { ChainOutput, type ChainParts, type CompiledChain } from './compiled-chain.ts';
import { deepFreeze, iteratorOf, refuseUndefined } from './edge-checks.ts';
import { EdgeWriter } from './edge-generator.ts';
import { SplitOutput } from './split-output.ts';
import type { Step } from './step.ts';

export function generateChain(parts: ChainParts, subtask: number): CompiledChain {
  const { vertex } = parts.plan;
  const generator = new ChainGenerator(parts, subtask);
  generator.writeAll();
  const digest = digestOfText(JSON.stringify(vertex));
  const chain = compileApart<CompiledChain>(generator.writer, { generator: 'chain', name: `${vertex.name}-${subtask}`, digest });
  return { ...chain, placeAtLine: (line) => placeAtLine(generator.writer.toString(), lineOfText(line)) };
}

/** By G2 the last `step = …` above a call in its function says whose it is. The loops of a flatMap have none: the function that called them does. */
function placeAtLine(text: string, line: number): number | undefined {
  const lines = text.split('\n');
  for (let at = Math.min(line, lines.length - 1); at >= 0; at--) {
    const [, place] = /^\s*(?:let )?step = (\d+)/.exec(lines[at] as string) ?? [];
    if (place !== undefined) return Number(place);
    if (/^\s*(?:function |collect\()/.test(lines[at] as string)) return undefined;
  }
  return undefined;
}

/** Names that the text below uses as they stand: reserved, for an operator may be called `record`. */
const WRITTEN_NAMES = [
  'record',
  'step',
  'error',
  'items',
  'iterator',
  'index',
  'next',
  'from',
  'nextItem',
  'itemsOf',
  'given',
  'timestamp',
  'recordTimestamp',
];

/** The records that are at hand inside one generated function, by the place that may fail with them. */
interface Scope {
  readonly catches: { readonly place: number; readonly record: string }[];
  readonly variables: string[];
}

/** What the text calls a running step, and what it enters it by: its operator, or a function. */
interface Entry {
  readonly step: string;
  readonly enter: string;
}

class ChainGenerator {
  readonly writer = new CodeWriter();
  readonly #parts: ChainParts;
  readonly #edges: EdgeWriter;
  readonly #flow: string;
  readonly #locate: string;
  /** Of operators, sinks and flatMaps: the name by which the text enters them. */
  readonly #entries = new Map<PlannedStep, Entry>();

  constructor(parts: ChainParts, subtask: number) {
    this.#parts = parts;
    for (const name of WRITTEN_NAMES) this.writer.local(name);
    for (const { plan } of parts.steps) this.writer.local(variableOf(plan));
    this.#flow = this.writer.constant('flow', parts.flow);
    this.#locate = this.writer.constant('locate', parts.locate);
    this.#edges = new EdgeWriter(this.writer, this.#flow, subtask);
  }

  writeAll(): void {
    const { steps, plan } = this.#parts;
    for (const { plan: step } of [...steps].reverse()) this.#writeEntry(step);
    if (plan.head.logic.kind === 'source') {
      this.#writeSource(plan.head);
      return;
    }
    const head = this.writer.local('head');
    this.#function(`${head}(record)`, plan.head, (scope) => this.#feed(plan.head, 'record', scope));
    const second = plan.head.logic.kind === 'twoInput' ? this.#writeSecondHead(plan.head) : 'undefined';
    this.writer.line(`return { head: ${head}, secondHead: ${second}, splitOutput: undefined, sourceSides: new Map() };`);
  }

  /** What must exist before the functions that call it: an operator with its outputs, the item function of a flatMap. */
  #writeEntry(step: PlannedStep): void {
    const { kind } = step.logic;
    if (kind === 'flatMap') this.#writeFlatMap(step);
    else if (kind === 'operator' || kind === 'sink' || kind === 'twoInput') this.#writeOperator(step);
  }

  #writeOperator(step: PlannedStep): void {
    const { writer } = this;
    const running = this.#running(step);
    const wrap = writer.constant('ChainOutput', ChainOutput);
    const main = this.#writeOutput(step, step.outputs[0] as PlannedOutput);
    const sides = this.#writeSides(step);
    const operator = writer.local(`${step.operator.name}_operator`);
    const isTwoInput = step.logic.kind === 'twoInput';
    const make = writer.constant('makeOperator', isTwoInput ? this.#parts.makeTwoInputOperator : this.#parts.makeOperator);
    writer.line(`const ${operator} = ${make}(${running}, new ${wrap}(${main}), ${sides});`);
    this.#entries.set(step, { step: running, enter: operator });
    this.#writeEnter(step, 'enter', isTwoInput ? 'processElement1' : 'processElement');
    if (isTwoInput) this.#writeEnter(step, 'enterSecond', 'processElement2');
  }

  /** How the walk gives a record that has waited to an operator. */
  #writeEnter(step: PlannedStep, property: string, method: string): void {
    const { writer } = this;
    const entry = this.#entries.get(step) as Entry;
    const enter = writer.local(`${property}_${step.operator.name}`);
    this.#function(`${enter}(record)`, step, (scope) => this.#call(scope, step.index, 'record', `${entry.enter}.${method}(record);`));
    writer.line(`${entry.step}.${property} = ${enter};`);
  }

  #writeSecondHead(step: PlannedStep): string {
    const { writer } = this;
    const head = writer.local('secondHead');
    const entry = this.#entries.get(step) as Entry;
    this.#function(`${head}(record)`, step, (scope) => {
      this.#at(scope, step.index, 'record');
      writer.line(
        `if (${entry.step}.waiting) ${entry.step}.addSecond(record, ${this.#flow}.timestamp); else ${entry.enter}.processElement2(record);`,
      );
    });
    return head;
  }

  /** The side outputs of a step, by their tags; returns the text of the map. */
  #writeSides(step: PlannedStep): string {
    const wrap = this.writer.constant('ChainOutput', ChainOutput);
    const sides = step.outputs.flatMap((output) =>
      output.tag === undefined ? [] : [`[${JSON.stringify(output.tag)}, new ${wrap}(${this.#writeOutput(step, output)})]`],
    );
    return `new Map([${sides.join(', ')}])`;
  }

  /** A function that an operator or a flatMap emits to; returns its name. Keeps `flow.timestamp` (K3). */
  #writeOutput(step: PlannedStep, output: PlannedOutput): string {
    const { writer } = this;
    const name = writer.local(`${step.operator.name}_${output.tag ?? 'emits'}`);
    const check = this.#checkOf(step, output.tag);
    const emit = (scope: Scope) => {
      this.#at(scope, step.index, 'record');
      writer.line(`if (${check}.left > 0) ${check}.record(record);`);
      this.#freeze('record');
      this.#emit(output, 'record', scope, true);
    };
    this.#function(`${name}(record)`, step, emit, variablesOf(output));
    return name;
  }

  #writeFlatMap(step: PlannedStep): void {
    const { writer } = this;
    const flow = this.#flow;
    const running = this.#running(step);
    const item = this.#writeOutput(step, step.outputs[0] as PlannedOutput);
    const array = writer.local(`${step.operator.name}_array`);
    writer.block(`function ${array}(items, from, record)`, () => {
      writer.block('for (let index = from; index < items.length; index++)', () => {
        writer.line(`${item}(items[index]);`);
        writer.line(
          `if (${flow}.blocked !== 0 && index + 1 < items.length) return ${running}.suspendArray(items, index + 1, record, ${flow}.timestamp);`,
        );
      });
    });
    const lazy = writer.local(`${step.operator.name}_iterator`);
    writer.block(`function ${lazy}(iterator, record)`, () => {
      writer.block('for (let next = iterator.next(); next.done !== true; next = iterator.next())', () => {
        writer.line(`${item}(next.value);`);
        writer.line(`if (${flow}.blocked !== 0) return ${running}.suspendIterator(iterator, record, ${flow}.timestamp);`);
      });
    });
    this.#writeFlatMapEntry(step, { running, array, lazy });
  }

  #writeFlatMapEntry(step: PlannedStep, names: { readonly running: string; readonly array: string; readonly lazy: string }): void {
    const { writer } = this;
    const { running, array, lazy } = names;
    const iterate = writer.constant('iteratorOf', iteratorOf);
    const enter = writer.local(`enter_${step.operator.name}`);
    const fn = writer.constant(step.operator.name, functionOf(step));
    this.#function(`${enter}(record)`, step, (scope) => {
      this.#at(scope, step.index, 'record');
      writer.line(`const items = ${fn}(record);`);
      writer.line(`if (Array.isArray(items)) return ${array}(items, 0, record);`);
      writer.line(`const iterator = ${iterate}(items);`);
      writer.line(`if (iterator !== undefined) ${lazy}(iterator, record);`);
    });
    const resume = writer.local(`resume_${step.operator.name}`);
    this.#function(`${resume}()`, step, (scope) => {
      writer.line(`const { items, iterator, nextItem, itemsOf } = ${running};`);
      this.#catch(scope, step.index, `${running}.itemsOf`);
      writer.line(`step = ${step.index};`);
      writer.line(`${running}.items = undefined;`);
      writer.line(`${running}.iterator = undefined;`);
      writer.line(`${this.#flow}.timestamp = ${running}.itemsTimestamp;`);
      writer.line(`if (items !== undefined) ${array}(items, nextItem, itemsOf);`);
      writer.line(`else if (iterator !== undefined) ${lazy}(iterator, itemsOf);`);
      writer.line(`return !${running}.hasSuspendedItems;`);
    });
    writer.line(`${running}.enter = ${enter};`);
    writer.line(`${running}.resumeItems = ${resume};`);
    this.#entries.set(step, { step: running, enter });
  }

  /** `collect` of the source's outputs: timestamp, watermark and the head of the chain in one function. */
  #writeSource(head: PlannedStep): void {
    const { writer } = this;
    const flow = this.#flow;
    const none = writer.constant('NO_TIMESTAMP', NO_TIMESTAMP);
    const { logic } = head;
    const assigner = logic.kind === 'source' ? logic.strategy.describe().assigner : undefined;
    const output = head.outputs[0] as PlannedOutput;
    const check = this.#checkOf(head, undefined);
    const name = writer.local(`${head.operator.name}_output`);
    writer.block(`class ${name} extends ${writer.constant('SplitOutput', SplitOutput)}`, () => {
      this.#function('collect(record, recordTimestamp)', head, (scope) => {
        this.#at(scope, head.index, 'record');
        writer.line('if (this.isIdle) this.markActive();');
        writer.line(`const given = recordTimestamp === undefined ? ${none} : recordTimestamp;`);
        writer.line(
          `const timestamp = ${assigner === undefined ? 'given' : `${writer.constant('assignTimestamp', assigner)}(record, given)`};`,
        );
        writer.line('if (!Number.isSafeInteger(timestamp)) this.checkTimestamp(timestamp, given);');
        writer.line(`${flow}.timestamp = timestamp;`);
        writer.line('if (timestamp > this.greatest) this.greatest = timestamp;');
        writer.line(`if (${check}.left > 0) ${check}.record(record);`);
        this.#freeze('record');
        this.#emit(output, 'record', scope, false);
        writer.line(`step = ${head.index};`);
        if (logic.kind === 'source' && logic.strategy.describe().generator.kind === 'custom')
          writer.line('this.generator.onEvent(record, timestamp, this);');
        writer.line('if (++this.records === this.everyRecords) this.endPeriod();');
      });
    });
    const entry = writer.local('head');
    this.#function(`${entry}(record)`, head, (scope) => this.#emit(output, 'record', scope, false));
    writer.line(`return { head: ${entry}, secondHead: undefined, splitOutput: ${name}, sourceSides: ${this.#writeSides(head)} };`);
  }

  /** A function or method with the one `try` of G2. `keep`s nothing itself; the body declares what it needs through the scope. */
  #function(signature: string, step: PlannedStep, body: (scope: Scope) => void, declarations = variablesBehind(step)): void {
    const { writer } = this;
    const scope: Scope = { catches: [], variables: [] };
    const keyword = signature.startsWith('collect(') ? '' : 'function '; // a method of a class
    writer.block(`${keyword}${signature}`, () => {
      writer.line(`let step = ${step.index}${declarations.map((variable) => `, ${variable}`).join('')};`);
      writer.block('try', () => body(scope));
      writer.block('catch (error)', () => {
        const records = scope.catches.map(({ place, record }) => `step === ${place} ? ${record} : `).join('');
        writer.line(`throw ${this.#locate}(error, step, ${records}undefined);`);
      });
    });
  }

  /** Hands a record to all that read an output. */
  #emit(output: PlannedOutput, record: string, scope: Scope, keepTimestamp: boolean): void {
    const { writer } = this;
    const consumers = output.steps.length + output.edges.length;
    const moves = output.steps.map((step) => step.logic.kind === 'operator' || step.timestampMoves);
    const restores = moves.some((each, index) => each && (keepTimestamp || index < consumers - 1));
    const saved = restores ? writer.local('timestampBefore') : '';
    if (restores) writer.line(`const ${saved} = ${this.#flow}.timestamp;`);
    output.steps.forEach((step, index) => {
      this.#feed(step, record, scope);
      if (moves[index] && (keepTimestamp || index < consumers - 1)) writer.line(`${this.#flow}.timestamp = ${saved};`);
    });
    for (const edge of output.edges) {
      const running = this.#parts.outputs[edge.index] as ChainParts['outputs'][number];
      this.#at(scope, this.#parts.steps.length + edge.index, record);
      this.#edges.write(running, record);
    }
  }

  /** What one step does with a record. */
  #feed(step: PlannedStep, record: string, scope: Scope): void {
    const { kind } = step.logic;
    if (kind === 'map') this.#feedMap(step, record, scope);
    else if (kind === 'filter') this.#feedFilter(step, record, scope);
    else this.#feedEntry(step, record, scope);
  }

  /** Steps that the text enters by a call: flatMaps, operators and sinks. */
  #feedEntry(step: PlannedStep, record: string, scope: Scope): void {
    const { writer } = this;
    const { kind } = step.logic;
    const entry = this.#entries.get(step) as Entry;
    const method = kind === 'twoInput' ? 'processElement1' : 'processElement';
    const call = kind === 'flatMap' ? `${entry.enter}(${record})` : `${entry.enter}.${method}(${record})`;
    this.#at(scope, step.index, record);
    const canBeFull = step.index > 0 && kind !== 'flatMap'; // a head is fed while nobody is blocked
    const full = canBeFull ? ` || (${this.#flow}.blocked !== 0 && ${entry.step}.refuses())` : '';
    writer.line(`if (${entry.step}.waiting${full}) ${entry.step}.add(${record}, ${this.#flow}.timestamp); else ${call};`);
  }

  #feedMap(step: PlannedStep, record: string, scope: Scope): void {
    const { writer } = this;
    const fn = writer.constant(step.operator.name, functionOf(step));
    const check = this.#checkOf(step, undefined);
    const result = variableOf(step);
    this.#at(scope, step.index, record);
    writer.line(`${result} = ${fn}(${record});`);
    writer.line(`if (${result} === undefined) ${writer.constant('refuseUndefined', refuseUndefined)}();`);
    writer.line(`if (${check}.left > 0) ${check}.record(${result});`);
    this.#freeze(result);
    this.#emit(step.outputs[0] as PlannedOutput, result, scope, false);
  }

  #feedFilter(step: PlannedStep, record: string, scope: Scope): void {
    const { writer } = this;
    const fn = writer.constant(step.operator.name, functionOf(step));
    const check = this.#checkOf(step, undefined);
    const kept = writer.local(`kept_by_${step.operator.name}`);
    this.#at(scope, step.index, record);
    writer.line(`const ${kept} = ${fn}(${record});`);
    writer.line(`if (${check}.left > 0) ${check}.predicate(${kept});`);
    writer.block(`if (${kept})`, () => this.#emit(step.outputs[0] as PlannedOutput, record, scope, false));
  }

  #call(scope: Scope, place: number, record: string, line: string): void {
    this.#at(scope, place, record);
    this.writer.line(line);
  }

  #at(scope: Scope, place: number, record: string): void {
    this.#catch(scope, place, record);
    this.writer.line(`step = ${place};`);
  }

  #catch(scope: Scope, place: number, record: string): void {
    if (!scope.catches.some((each) => each.place === place)) scope.catches.push({ place, record });
  }

  #freeze(record: string): void {
    if (this.#parts.freezeRecords) this.writer.line(`${this.writer.constant('deepFreeze', deepFreeze)}(${record});`);
  }

  #checkOf(step: PlannedStep, tag: string | undefined): string {
    const check = this.#parts.check(this.#parts.steps[step.index] as Step, tag);
    return this.writer.constant(`check_${step.operator.name}`, check);
  }

  #running(step: PlannedStep): string {
    return this.writer.constant(`step_${step.operator.name}`, this.#parts.steps[step.index]);
  }
}

/** The record that a map returns. Declared before the `try`, so the catch can see it. */
function variableOf(step: PlannedStep): string {
  return `record_${step.index}`;
}

/** Of all maps that a function entered at `step` may inline. */
function variablesBehind(step: PlannedStep): string[] {
  const own = step.logic.kind === 'map' ? [variableOf(step)] : [];
  return [...own, ...step.outputs.flatMap(variablesOf)];
}

function variablesOf(output: PlannedOutput): string[] {
  return output.steps.flatMap(variablesBehind);
}

function functionOf(step: PlannedStep): (value: unknown) => unknown {
  const { logic } = step;
  if (logic.kind !== 'map' && logic.kind !== 'filter' && logic.kind !== 'flatMap') throw new Error(`${logic.kind} is no plain function`);
  return logic.fn;
}
