/** A program as the code that a user would have written: what a failing seed is shown as. Functions are those of operations.ts and process-functions.ts. */
import {
  type AssignerPlan,
  type EvictorPlan,
  type GeneralWindowPlan,
  type NodePlan,
  type OperatorPlan,
  type OracleProgram,
  phasesOf,
  type RunPlan,
  type SimplePlan,
  type SourceStep,
  type TriggerPlan,
  type TwoInputPlan,
  type WindowPlan,
} from './program.ts';

const KEY = 'keyBy(({ k }) => k)';

export function programText(program: OracleProgram, run: RunPlan): string {
  const sources = program.sources.map((_, index) => `const s${index} = env.testSource<Row>({ timestamp: ({ at }) => at });`);
  const nodes = program.nodes.map((node, index) => `const s${program.sources.length + index} = ${nodeText(node, program)};`);
  const lines = [
    `const env = TestEnvironment.create({ parallelism: ${run.parallelism} }); // in ${run.slots} slot${run.slots === 1 ? '' : 's'}`,
    ...(program.chaining ? [] : ['env.disableOperatorChaining();']),
    `env.configure({ 'pipeline.auto-watermark-records': ${program.autoWatermarkRecords} });`,
    ...(run.markers === 0 ? [] : [`env.getConfig().setLatencyTrackingInterval('1 ms'); // ${run.markers} ms pass in each phase`]),
    ...sources,
    ...nodes,
    ...program.sinks.map((sink) => `env.collect(${streamText(sink, program)});`),
    'await env.start();',
    ...stepsText(program),
  ];
  return lines.join('\n');
}

function streamText(stream: number, { sources }: OracleProgram): string {
  return stream < sources.length ? `s${stream}.stream` : `s${stream}`;
}

function nodeText(node: NodePlan, program: OracleProgram): string {
  const of = (stream: number) => streamText(stream, program);
  if (node.op === 'union') return `${of(node.inputs[0] as number)}.union(${node.inputs.slice(1).map(of).join(', ')})`;
  if (node.op === 'late' || node.op === 'side') return `${of(node.input)}.getSideOutput(${node.op})`;
  const parallelism = node.parallelism === undefined ? '' : `.setParallelism(${node.parallelism})`;
  const chaining = { ALWAYS: '', HEAD: '.startNewChain()', NEVER: '.disableChaining()' }[node.chaining];
  return `${operatorText(node, of)}${parallelism}${chaining}`;
}

function operatorText(node: OperatorPlan, of: (stream: number) => string): string {
  if (node.op === 'many') {
    const keys = node.inputs.map(() => '({ k }) => k').join(', ');
    const streams = node.inputs.map(of).join(', ');
    return `MultipleConnectedStreams.of(${streams}).keyBy(${keys}).process(() => manyBuckets({ grainMs: ${node.grainMs}, delayMs: ${node.delayMs} }))`;
  }
  if ('inputs' in node) return twoInputsText(node, of(node.inputs[0]), of(node.inputs[1]));
  const input = of(node.input);
  switch (node.op) {
    case 'window':
      return `${input}.${KEY}.${windowText(node)}`;
    case 'general':
      return `${input}.${node.all ? '' : `${KEY}.`}${generalText(node)}`;
    case 'timers':
      return `${input}.${KEY}.process(() => ${node.how}({ grainMs: ${node.grainMs}, delayMs: ${node.delayMs} }, side))`;
    default:
      return `${input}${partitioningText(node)}.${simpleText(node)}`;
  }
}

function partitioningText({ partitioning }: SimplePlan): string {
  if (partitioning === 'none') return '';
  return partitioning === 'custom' ? '.partitionCustom(partitionOf, ({ k }) => k)' : `.${partitioning}()`;
}

function simpleText(node: SimplePlan): string {
  switch (node.op) {
    case 'map':
      return `map((row) => mapped(row, ${node.factor}, ${node.keys}, ${node.plus}))`;
    case 'filter':
      return `filter(({ v }) => v % ${node.modulus} !== ${node.remainder})`;
    case 'flatMap':
      return node.lazy
        ? `flatMap(function* (row) { yield* copiesOf(row, ${node.copies}); })`
        : `flatMap((row) => copiesOf(row, ${node.copies}))`;
    case 'rolling':
      return node.aggregate === 'count' ? `map(({ k }) => ({ k, v: 1 })).${KEY}.reduce(sum)` : `${KEY}.${rollingText(node.aggregate)}`;
    case 'timestamps':
      return `assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('${node.outOfOrdernessMs} ms').withTimestampAssigner((_row, at) => at + SHIFT_MS))`;
    case 'process':
      return `process(rich(() => parting(${node.modulus}, side)))`;
    case 'async':
      return `${node.ordered ? 'orderedWait' : 'unorderedWait'}(${node.many ? 'many' : 'one'}, { timeout: '1 h', capacity: ${node.capacity} })`;
    case 'slow':
      return `${node.ordered ? 'orderedWait' : 'unorderedWait'}(${node.how === 'times out' ? 'timingOut' : 'askedAgain'}, …)`;
    case 'countWindow':
      return `${KEY}.countWindow(${node.count}${node.slide === undefined ? '' : `, ${node.slide}`}).apply(summed)`;
  }
}

function rollingText(aggregate: 'sum' | 'max' | 'reduce'): string {
  return aggregate === 'reduce' ? 'reduce(sum)' : `${aggregate}('v')`;
}

function windowText({ sizeMs, slideMs, offsetMs, latenessMs, aggregate }: WindowPlan): string {
  const lateness = latenessMs === 0 ? '' : `.allowedLateness('${latenessMs} ms')`;
  return `window(SlidingEventTimeWindows.of('${sizeMs} ms', '${slideMs} ms', '${offsetMs} ms'))${lateness}.sideOutputLateData(late).aggregate(${aggregate})`;
}

function generalText({ all, assigner, trigger, evictor, latenessMs, result }: GeneralWindowPlan): string {
  const lateness = latenessMs === 0 ? '' : `.allowedLateness('${latenessMs} ms')`;
  return `${all ? 'windowAll' : 'window'}(${assignerText(assigner)})${triggerText(trigger)}${evictorText(evictor)}${lateness}.sideOutputLateData(late).${result}(…)`;
}

function assignerText(plan: AssignerPlan): string {
  switch (plan.kind) {
    case 'tumbling':
      return `TumblingEventTimeWindows.of('${plan.sizeMs} ms')`;
    case 'sliding':
      return `SlidingEventTimeWindows.of('${plan.sizeMs} ms', '${plan.slideMs} ms')`;
    case 'session':
      return plan.dynamic
        ? `EventTimeSessionWindows.withDynamicGap((row) => gapAfter(row, ${plan.gapMs}))`
        : `EventTimeSessionWindows.withGap('${plan.gapMs} ms')`;
    case 'custom':
      return `new CustomWindows(${plan.sizeMs})`;
    case 'global':
      return 'GlobalWindows.create()';
    case 'clock':
      return `TumblingProcessingTimeWindows.of('${plan.sizeMs} ms')`;
  }
}

function triggerText(plan: TriggerPlan): string {
  switch (plan.kind) {
    case 'default':
      return '';
    case 'purging':
      return '.trigger(PurgingTrigger.of(EventTimeTrigger.create()))';
    case 'continuous':
      return `.trigger(ContinuousEventTimeTrigger.of('${plan.intervalMs} ms'))`;
    case 'count':
      return plan.purges ? `.trigger(PurgingTrigger.of(CountTrigger.of(${plan.count})))` : `.trigger(CountTrigger.of(${plan.count}))`;
  }
}

function evictorText(plan: EvictorPlan | undefined): string {
  if (plan === undefined) return '';
  return plan.kind === 'count'
    ? `.evictor(CountEvictor.of(${plan.limit}, ${plan.after}))`
    : `.evictor(TimeEvictor.of('${plan.limit} ms', ${plan.after}))`;
}

function twoInputsText(node: TwoInputPlan, first: string, second: string): string {
  const connected = `${first}.${KEY}.connect(${second}.${KEY})`;
  const grid = 'sizeMs' in node ? `window(SlidingEventTimeWindows.of('${node.sizeMs} ms', '${node.slideMs} ms'))` : '';
  const keys = '.where(({ k }) => k).equalTo(({ k }) => k)';
  switch (node.op) {
    case 'coMap':
      return `${first}.connect(${second}).${node.flat ? 'flatMap' : 'map'}((row) => marked(row, 0), (row) => marked(row, 1))`;
    case 'coTimers':
      return `${connected}.process(() => coBuckets({ grainMs: ${node.grainMs}, delayMs: ${node.delayMs} }))`;
    case 'rules':
      return `${first}.${KEY}.connect(${second}.broadcast(RULES)).process(() => ruled())`;
    case 'windowJoin':
      return `${first}.join(${second})${keys}.${grid}.apply(joined)`;
    case 'coGroup':
      return `${first}.coGroup(${second})${keys}.${grid}.apply(grouped)`;
    case 'intervalJoin': {
      const lower = node.lowerExclusive ? '.lowerBoundExclusive()' : '';
      const outer = node.outer === 'inner' ? '' : `.${node.outer}()`;
      const upper = node.upperExclusive ? '.upperBoundExclusive()' : '';
      return `${first}.${KEY}.intervalJoin(${second}.${KEY}).between('${node.lowerMs} ms', '${node.upperMs} ms')${lower}${upper}${outer}.process(joined)`;
    }
  }
}

/** The first steps of all sources settle before the others (run-program.ts). */
function stepsText(program: OracleProgram): string[] {
  const { sources, advanceMs } = program;
  return Array.from({ length: phasesOf(program) }, (_, phase) => phase).flatMap((phase) => {
    const part = (from: number, to: number | undefined) =>
      sources.flatMap((source, index) => (source.phases[phase] ?? []).slice(from, to).map((step) => stepText(`s${index}`, step)));
    const parts = [part(0, 1), part(1, undefined)].filter((lines) => lines.length > 0);
    const advanced = phase > 0 && advanceMs > 0 ? [`await env.advanceTime('${advanceMs} ms');`] : [];
    return [...advanced, ...parts.flatMap((lines) => [lines.join(' '), 'await env.settle();'])];
  });
}

function stepText(source: string, step: SourceStep): string {
  if (step.kind === 'idle') return `${source}.idle();`;
  if (step.kind === 'watermark') return `${source}.watermark(${step.at});`;
  return `${source}.emit({ k: ${step.record.k}, v: ${step.record.v}, at: ${step.at} });`;
}
