import { UsageError } from '@millrace/core/base/errors';
import { Duration, type DurationLike } from '@millrace/core/config/duration';
import { descriptionOf, Types } from '@millrace/core/types/types';
import type { TypeInformation } from '@millrace/core/types/type-information';
import { CollectionSource } from '../builtin/collection-source.ts';
import { DataGeneratorSource } from '../builtin/data-generator-source.ts';
import type { PathFilter } from '../builtin/file/file-listing.ts';
import { FunctionSource } from '../builtin/function/function-source.ts';
import { SequenceSource } from '../builtin/sequence-source.ts';
import { socketLines, type SocketTextOptions } from '../builtin/socket/socket-lines.ts';
import { textFileSource } from '../builtin/text-file-source.ts';
import type { Emittable, MaybePromise } from '../contract/emittable.ts';
import type { Source } from '../contract/source.ts';
import type { SourceContext } from '../contract/source-function.ts';
import { checkStateBackend, type StateBackend } from '../contract/state-backend.ts';
import { WatermarkStrategy } from '../contract/watermark-strategy.ts';
import { compileJob } from '../graph/compile-job.ts';
import { executionPlan } from '../graph/execution-plan.ts';
import type { Executor, SubmittedJob } from '../graph/executor.ts';
import type { CompiledJob } from '../graph/job-graph.ts';
import { checkParallelism } from '../graph/parallelism.ts';
import { buildStreamGraph } from '../graph/stream-graph.ts';
import type { JobProgram } from '../graph/transformation.ts';
import { CheckpointConfig, type CheckpointingMode } from './checkpoint-config.ts';
import { type RestartStrategy, settingsOf } from './restart-strategies.ts';
import type { DataStreamSource } from './data-stream-source.ts';
import { currentExecutor, hasExecutor, tellProgramListener } from './execution-context.ts';
import { ExecutionConfig } from './execution-config.ts';
import { checkPlainFunction, show } from './function-checks.ts';
import { addFunctionOperator } from './function-operator.ts';
import { JobClient, JobExecutionResult } from './job-client.ts';
import { jobWarnings } from './job-warnings.ts';
import { JobSettingsReader } from './job-configuration.ts';
import { BUFFER_TIMEOUT, DEFAULT_PARALLELISM, MAX_PARALLELISM, OPERATOR_CHAINING, RUNTIME_MODE } from './job-options.ts';
import { checkBufferTimeout, checkText } from './operator-settings.ts';
import { Program } from './program.ts';
import { type FileProcessingMode, type ReadableFormat, type ReadFileOptions, readFileSource } from './read-file.ts';
import { type RuntimeContext, runtimeContextOf } from './runtime-context.ts';
import { type SourceFunctionLike, sourceFunction } from './source-functions.ts';
import { checkRuntimeMode, type RuntimeExecutionMode } from './runtime-execution-mode.ts';
import { streamFactory } from './stream-factory.ts';
import type { StreamScope } from './stream-scope.ts';
import type { Collection, Configuration } from './stream-types.ts';
import { type StrategyFunction, watermarkStrategy } from './watermark-strategies.ts';

const DEFAULT_JOB_NAME = 'Millrace Streaming Job';

/**
 * Where a program begins: it makes sources, holds the settings of the job, and runs what was built. Flink: "Anatomy of a Flink Program".
 *
 * A program is run again in every slot and must build the same graph there from the same arguments; values that differ from run to run go through `constant`.
 * Several jobs may be executed one after another: each holds what was added since the one before.
 *
 * ```ts
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromData('to', 'be').map((word) => word.toUpperCase()).print();
 * await env.execute('shout');
 * ```
 */
export class StreamExecutionEnvironment {
  readonly #program = new Program(() => (this.#settings.isSet(DEFAULT_PARALLELISM) ? this.getParallelism() : undefined));
  readonly #settings = new JobSettingsReader(() => this.executor()?.configuration ?? {});
  readonly #config = new ExecutionConfig(this.#settings);
  #stateBackend: StateBackend | undefined = undefined;
  readonly #checkpointConfig = new CheckpointConfig(this.#settings);
  readonly #scope: StreamScope;

  /** Internal: use `getExecutionEnvironment`. */
  protected constructor(configuration: Configuration = {}) {
    this.#scope = {
      environment: this,
      program: this.#program,
      streams: streamFactory,
      parallelism: () => this.getParallelism(),
      submit: (jobName, onCollected) => this.#submit(jobName, onCollected),
    };
    this.#settings.configure(configuration);
  }

  /** The environment of whoever runs this program: `millrace run`, a cluster, or, started by itself, one that this process starts for it. */
  static getExecutionEnvironment(configuration?: Configuration): StreamExecutionEnvironment {
    tellProgramListener('environment');
    return new StreamExecutionEnvironment(configuration);
  }

  /** As `getExecutionEnvironment`, with a parallelism that counts more than the command line's. */
  static createLocalEnvironment(parallelism?: number, configuration?: Configuration): StreamExecutionEnvironment {
    const environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    return parallelism === undefined ? environment : environment.setParallelism(parallelism);
  }

  /**
   * A stream of what a source reads. The strategy gives records their timestamps and the stream its watermarks, for each split on its own; `type` declares the
   * records, so that they are written by a generated codec.
   *
   * ```ts
   * const numbers = env.fromSource(new DataGeneratorSource((n) => n * 1_000, 60), WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((n) => n), 'seconds');
   * ```
   */
  fromSource<T>(
    source: Source<T>,
    strategy: WatermarkStrategy<NoInfer<T>> | StrategyFunction<NoInfer<T>>,
    sourceName: string,
    type?: TypeInformation<T>,
  ): DataStreamSource<T> {
    if (typeof (source as Partial<Source<T>> | undefined)?.createReader !== 'function') {
      throw new UsageError(
        `fromSource got ${show(source)}, which is no source: it has no createReader. Give it a source, for example FileSource.forRecordStreamFormat(…).build().`,
      );
    }
    const name = checkText(sourceName, 'the name of fromSource');
    const made = watermarkStrategy(strategy, `fromSource '${name}'`);
    return this.#addSource(source, made, { name, type: type ?? typeOf<T>(source) });
  }

  /** The whole numbers from one to the other, both included; each subtask gets its share, ascending. */
  fromSequence(from: number, to: number): DataStreamSource<number> {
    return this.#addSource(new SequenceSource(from, to), WatermarkStrategy.noWatermarks(), {
      name: 'Sequence Source',
      type: Types.LONG,
    });
  }

  /** The arguments, in their order. Not parallel. */
  fromData<T>(...elements: readonly (T & Emittable)[]): DataStreamSource<T> {
    return this.fromCollection<T>(elements);
  }

  /** The elements of a collection, in their order. Not parallel. A generator is given as a function, so that it can start again after a failure. */
  fromCollection<T>(
    collection: Collection<T & Emittable> | (() => Collection<T & Emittable>),
    type?: TypeInformation<T>,
  ): DataStreamSource<T> {
    const source = new CollectionSource<T>(collection, type);
    const notParallel = 'its elements come from one collection and cannot be read in parallel';
    return this.#addSource(source, WatermarkStrategy.noWatermarks(), { name: 'Collection Source', type, notParallel });
  }

  /** The elements of an array, shared by all readers: in runs of a thousand, each in its order. The array is the same in every subtask, as the program is run again there. */
  fromParallelCollection<T>(elements: readonly (T & Emittable)[], type?: TypeInformation<T>): DataStreamSource<T> {
    if (!Array.isArray(elements)) throw new UsageError(`fromParallelCollection got ${show(elements)}. Give it an array.`);
    const source = new DataGeneratorSource((index) => elements[index] as T & Emittable, elements.length);
    return this.#addSource<T>(source, WatermarkStrategy.noWatermarks(), { name: 'Parallel Collection Source', type });
  }

  /** The lines of a text file, or of all files in a directory, without their ends. A relative path starts where the command runs. */
  readTextFile(path: string): DataStreamSource<string> {
    const source = textFileSource(checkText(path, 'readTextFile'));
    return this.#addSource(source, WatermarkStrategy.noWatermarks(), { name: 'Text File Source', type: Types.STRING });
  }

  /**
   * The records of the files of a path (a file, a directory, a glob), read by a format. With PROCESS_CONTINUOUSLY one enumerator goes on looking for files and all
   * readers share what it finds: a new file is read, one that has changed is read again in full (or, with `onChange: 'append'`, what was appended to it).
   *
   * ```ts
   * const lines = env.readFile(new TextLineFormat(), 'in', { watchType: 'PROCESS_CONTINUOUSLY', interval: '10 s', filter: '*.log', onChange: 'append' });
   * ```
   */
  readFile<T>(format: ReadableFormat<T>, path: string, options?: ReadFileOptions<T>): DataStreamSource<T>;
  /** As in Flink, by position. */
  readFile<T>(
    format: ReadableFormat<T>,
    path: string,
    watchType: FileProcessingMode,
    interval: DurationLike,
    filter?: PathFilter,
    type?: TypeInformation<T>,
  ): DataStreamSource<T>;
  readFile<T>(
    format: ReadableFormat<T>,
    path: string,
    given: ReadFileOptions<T> | FileProcessingMode = {},
    ...rest: readonly [DurationLike?, PathFilter?, TypeInformation<T>?]
  ): DataStreamSource<T> {
    const [interval, filter, type] = rest;
    const options = typeof given === 'string' ? ({ watchType: given, interval, filter, type } as ReadFileOptions<T>) : given;
    const source = readFileSource(format, path, options);
    const declared = options.type ?? typeOf<T>(source);
    return this.#addSource(source, WatermarkStrategy.noWatermarks(), { name: 'Custom File Source', type: declared });
  }

  /**
   * The lines that a server sends, without their delimiter. Not parallel. The source ends when the server ends the connection, unless `maxRetries` allows to connect
   * again. What was sent cannot be read again after a failure.
   *
   * ```ts
   * const lines = env.socketTextStream('localhost', 9999, { maxRetries: 5 });
   * ```
   */
  socketTextStream(host: string, port: number, options?: SocketTextOptions): DataStreamSource<string>;
  /** As in Flink, by position. */
  socketTextStream(host: string, port: number, delimiter: string, maxRetries?: number): DataStreamSource<string>;
  socketTextStream(host: string, port: number, given: SocketTextOptions | string = {}, maxRetries?: number): DataStreamSource<string> {
    const positional = (delimiter: string) => (maxRetries === undefined ? { delimiter } : { delimiter, maxRetries });
    const options = typeof given === 'string' ? positional(given) : given;
    const source = new FunctionSource<string, never>({
      create: () => socketLines(host, port, options),
      runtimeContext: (runtime) => runtime as never,
    });
    socketLines(host, port, options); // refuses here what is wrong with the arguments
    const notParallel = 'a socket is read by one connection';
    return this.#addSource(source, WatermarkStrategy.noWatermarks(), { name: 'Socket Stream', type: Types.STRING, notParallel });
  }

  /**
   * The records that a function emits: a plain function, an object with `run` and `cancel` (Flink's SourceFunction), or `rich(() => object)`. It runs in one subtask,
   * unless the object has `parallel: true` (ParallelSourceFunction). Timestamps and watermarks are what it emits; `assignTimestampsAndWatermarks` behind it
   * replaces them. The job goes on until `run` returns or the job is canceled.
   *
   * ```ts
   * const ticks = env.addSource<number>(async (context) => {
   *   for (let n = 0; n < 10 && !context.signal.aborted; n += 1) await context.collect(n);
   * });
   * ```
   * @deprecated In Flink since 2.0; `fromSource` is the modern form.
   */
  addSource<T extends Emittable>(
    source: ((context: SourceContext<T>) => MaybePromise<void>) | SourceFunctionLike<T>,
    sourceName = 'Custom Source',
    type?: TypeInformation<T>,
  ): DataStreamSource<T> {
    const name = checkText(sourceName, 'the name of addSource');
    descriptionOf(type); // refuses a type of unknown make
    const { create, notParallel, isReplayable } = sourceFunction<T>(source);
    const strategy = WatermarkStrategy.noWatermarks();
    const id = addFunctionOperator(this.#scope, (parameters) => {
      const made = new FunctionSource<T, RuntimeContext>({
        create,
        isReplayable,
        runtimeContext: (runtime) => runtimeContextOf({ runtime }, parameters),
      });
      const logic = { kind: 'source', source: made as Source<unknown>, strategy } as const;
      return { operation: 'Source', name, logic, type, input: undefined, ...single(notParallel) };
    });
    return this.#scope.streams.source(this.#scope, id);
  }

  /** For operators that set none themselves; counts more than the command line's and the configuration's. Operators that were added before keep theirs. */
  setParallelism(parallelism: number): this {
    this.#settings.set(DEFAULT_PARALLELISM, checkParallelism(parallelism, 'env.setParallelism'));
    return this;
  }

  getParallelism(): number {
    return this.#settings.get(DEFAULT_PARALLELISM);
  }

  /** For operators that set none themselves: the number of key groups. */
  setMaxParallelism(maxParallelism: number): this {
    this.#settings.set(MAX_PARALLELISM, checkParallelism(maxParallelism, 'env.setMaxParallelism'));
    return this;
  }

  /** How long a record waits at most in a buffer that is not full: 0 ms not at all, −1 ms for ever. 100 ms unless set. */
  setBufferTimeout(timeout: DurationLike): this {
    this.#settings.set(BUFFER_TIMEOUT, Duration.ofMillis(checkBufferTimeout(timeout, 'env.setBufferTimeout')));
    return this;
  }

  /** STREAMING unless set. BATCH gives final results only, of bounded inputs, and nothing is late there; AUTOMATIC is BATCH where all sources are bounded. */
  setRuntimeMode(mode: RuntimeExecutionMode): this {
    this.#settings.set(RUNTIME_MODE, checkRuntimeMode(mode));
    return this;
  }

  /** Every operator runs in a task of its own: slower, but each shows its own figures. */
  disableOperatorChaining(): this {
    this.#settings.set(OPERATOR_CHAINING, false);
    return this;
  }

  /**
   * A checkpoint in every interval, from which the job goes on after a failure, or when it is started again with `--restore`. Off unless it is called or configured.
   *
   * ```ts
   * env.enableCheckpointing('10 s');
   * ```
   */
  enableCheckpointing(interval: DurationLike, mode?: CheckpointingMode): this {
    this.#checkpointConfig.setCheckpointInterval(interval);
    if (mode !== undefined) this.#checkpointConfig.setCheckpointingMode(mode);
    return this;
  }

  /** Where keyed state is kept: `hashmap`, on the heap of the slots, unless set. Checkpoints are the same for all backends. */
  setStateBackend(backend: 'hashmap' | StateBackend): this {
    this.#stateBackend = checkStateBackend(backend);
    return this;
  }

  /** What happens when the job fails; counts more than the configuration. Unless set: exponential delay with checkpoints, no restart without. */
  setRestartStrategy(strategy: RestartStrategy): this {
    this.#settings.setRestartStrategy(settingsOf(strategy));
    return this;
  }

  getCheckpointConfig(): CheckpointConfig {
    return this.#checkpointConfig;
  }

  getConfig(): ExecutionConfig {
    return this.#config;
  }

  /** Sets options of the job by their keys; they count more than the command line's. Throws a `ConfigError` that names the nearest known key. */
  configure(configuration: Configuration): this {
    this.#settings.configure(configuration);
    return this;
  }

  /**
   * A value that is computed once, by the client, and travels with the job: a random id, the time of day, a file that is read at the start. Plain data that JSON
   * can write. Calls must come in the same order on every run.
   */
  constant<T>(make: () => T): T {
    checkPlainFunction(make, 'env.constant', 'a function that makes the value');
    return (this.executor() ?? currentExecutor()).constant(make);
  }

  /** The stream graph of what was added since the last `execute`, as JSON: `{"nodes": […]}`, as Flink writes it. Changes nothing. */
  getExecutionPlan(): string {
    tellProgramListener('compiled');
    return executionPlan(buildStreamGraph(this.#jobProgram(undefined)));
  }

  /** Runs the job and waits for its end; rejects with its first failure. */
  async execute(jobName?: string): Promise<JobExecutionResult> {
    const job = await this.#submit(jobName);
    return new JobExecutionResult(await job.result());
  }

  /** Runs the job, and settles as soon as it is accepted. */
  async executeAsync(jobName?: string): Promise<JobClient> {
    return new JobClient(await this.#submit(jobName));
  }

  /** What `execute` would submit, for tests and tools. Changes nothing. */
  compile(jobName?: string): CompiledJob {
    tellProgramListener('compiled');
    return compileJob(this.#jobProgram(jobName), this.#settings.jobConfiguration());
  }

  /** For an environment that starts its job again: compiles what `execute` would submit now, at that parallelism unless the program sets one. */
  protected compiler(jobName?: string): (parallelism?: number) => CompiledJob {
    const { transformations, roots } = this.#program;
    return (at) => compileJob({ ...this.#jobProgram(jobName, at), transformations, roots }, this.#settings.jobConfiguration());
  }

  /** Who runs the jobs of this environment; undefined where there is nobody. An environment of tests brings its own. */
  protected executor(): Executor | undefined {
    return hasExecutor() ? currentExecutor() : undefined;
  }

  async #submit(jobName: string | undefined, onCollected?: (bytes: Uint8Array) => Promise<void>): Promise<SubmittedJob> {
    const job = this.compile(jobName);
    const warnings = [...this.#program.warnings, ...jobWarnings(job, this.#settings.jobConfiguration())];
    this.#program.clearRoots();
    return (this.executor() ?? currentExecutor()).execute(job, { warnings, ...(onCollected === undefined ? {} : { onCollected }) });
  }

  #jobProgram(jobName: string | undefined, parallelism = this.getParallelism()): JobProgram {
    return {
      name: jobName === undefined ? DEFAULT_JOB_NAME : checkText(jobName, 'the job name of execute'),
      transformations: this.#program.transformations,
      roots: this.#program.roots,
      settings: {
        parallelism: this.#settings.isSet(DEFAULT_PARALLELISM) ? this.getParallelism() : parallelism,
        maxParallelism: this.#settings.get(MAX_PARALLELISM),
        bufferTimeoutMs: this.#settings.get(BUFFER_TIMEOUT).toMillis(),
        operatorChaining: this.#settings.get(OPERATOR_CHAINING),
        runtimeMode: this.#settings.get(RUNTIME_MODE),
        ...(this.#stateBackend === undefined ? {} : { stateBackend: this.#stateBackend }),
      },
    };
  }

  #addSource<T>(source: Source<T>, strategy: WatermarkStrategy<unknown>, settings: SourceSettings<T>): DataStreamSource<T> {
    descriptionOf(settings.type); // refuses a type of unknown make
    const logic = { kind: 'source', source: source as Source<unknown>, strategy } as const;
    const id = this.#program.addOperator({
      operation: 'Source',
      name: settings.name,
      logic,
      type: settings.type,
      input: undefined,
      ...single(settings.notParallel),
    });
    for (const warning of source.submitWarnings ?? []) this.#program.warn(`'${settings.name}': ${warning}`);
    return this.#scope.streams.source(this.#scope, id);
  }
}

interface SourceSettings<T> {
  readonly name: string;
  readonly type: TypeInformation<T> | undefined;
  /** Why there can be but one reader; undefined where there can be many. */
  readonly notParallel?: string;
}

/** For a source that runs in one subtask, whatever the parallelism of the job. */
function single(notParallel: string | undefined): { readonly parallelism?: 1; readonly notParallel?: string } {
  return notParallel === undefined ? {} : { parallelism: 1, notParallel };
}

/** What a source itself declares of its records. */
function typeOf<T>(source: Source<T>): TypeInformation<T> | undefined {
  return (source as { readonly type?: TypeInformation<T> }).type;
}
