// Goal: what a program, the command line and old names say of checkpoints and restarts comes out as one setting, the stronger one first. Method: compile a job and look.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Executor } from '../graph/executor.ts';
import { RestartStrategies } from './restart-strategies.ts';
import { StreamExecutionEnvironment } from './stream-execution-environment.ts';
import type { Configuration } from './stream-types.ts';

class Environment extends StreamExecutionEnvironment {
  readonly given: Readonly<Record<string, string>>;

  constructor(given: Readonly<Record<string, string>> = {}, configuration?: Configuration) {
    super(configuration);
    this.given = given;
  }

  protected override executor(): Executor {
    return { configuration: this.given } as unknown as Executor;
  }

  settings() {
    this.fromData(1).print();
    return this.compile().jobGraph.configuration;
  }
}

const fixed = (attempts: number, delayMs: number) => ({ kind: 'fixed-delay', attempts, delayMs });

describe('restart strategies', () => {
  it('are those of the configuration under every name of them, with defaults', () => {
    const of = (given: Readonly<Record<string, string>>) => new Environment(given).settings().restartStrategy;
    assert.equal(of({}), undefined);
    for (const none of ['none', 'off', 'disable']) assert.deepEqual(of({ 'restart-strategy.type': none }), { kind: 'none' });
    assert.deepEqual(of({ 'restart-strategy.type': 'fixed-delay' }), fixed(1, 1_000));
    assert.deepEqual(of({ 'restart-strategy': 'fixeddelay', 'restart-strategy.fixed-delay.attempts': '5' }), fixed(5, 1_000));
    assert.deepEqual(of({ 'restart-strategy.type': 'failure-rate', 'restart-strategy.failure-rate.delay': '3 s' }), {
      kind: 'failure-rate',
      maxFailures: 1,
      intervalMs: 60_000,
      delayMs: 3_000,
    });
    const exponential = of({ 'restart-strategy.type': 'exponential-delay', 'restart-strategy.exponential-delay.max-backoff': '10 s' });
    assert.deepEqual(exponential, {
      kind: 'exponential-delay',
      initialBackoffMs: 1_000,
      maxBackoffMs: 10_000,
      backoffMultiplier: 1.5,
      resetBackoffThresholdMs: 3_600_000,
      jitterFactor: 0.1,
      attemptsBeforeResetBackoff: undefined,
    });
  });

  it('in the old form count less than the new one, and what the program says more than both (FT-2, FT-3)', () => {
    const old = { 'execution-retries.default': '3', 'execution-retries.delay': '5 s' };
    const environment = new Environment(old);
    assert.deepEqual(environment.settings().restartStrategy, fixed(3, 5_000));
    assert.deepEqual(new Environment({ ...old, 'restart-strategy.type': 'none' }).settings().restartStrategy, { kind: 'none' });
    environment.getConfig().setNumberOfExecutionRetries(7).setExecutionRetryDelay(250);
    assert.deepEqual(environment.settings().restartStrategy, fixed(7, 250));
    const named = new Environment({ 'restart-strategy.type': 'none' });
    named.getConfig().setNumberOfExecutionRetries(2);
    assert.deepEqual(named.settings().restartStrategy, fixed(2, 0));
    named.setRestartStrategy(RestartStrategies.failureRateRestart(2, '1 min', '1 s'));
    assert.equal(named.settings().restartStrategy?.kind, 'failure-rate');
    named.setRestartStrategy(RestartStrategies.fallBackRestart());
    named.getConfig().setNumberOfExecutionRetries(-1);
    assert.deepEqual(named.settings().restartStrategy, { kind: 'none' });
  });

  it('are refused where they say nothing', () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => RestartStrategies.fixedDelayRestart(-1, '1 s'), /attempts -1\. Give a whole number from 0/],
      [() => RestartStrategies.failureRateRestart(1, '0 ms', '1 s'), /interval 0 ms\. Give a duration of 1 ms or more/],
      [() => RestartStrategies.exponentialDelayRestart({ jitterFactor: 2 }), /jitterFactor 2\. Give a number from 0 to 1/],
      [() => RestartStrategies.exponentialDelayRestart({ maxBackoff: '1 ms' }), /maxBackoff 1 ms\. Give a duration of 1000 ms or more/],
      [() => new Environment().setRestartStrategy({ kind: 'none' }), /setRestartStrategy got .*Give it one of RestartStrategies/],
    ];
    for (const [make, message] of wrong) assert.throws(make as () => void, { name: 'UsageError', message });
  });
});

describe('checkpoint settings', () => {
  it('of the program count more than the configuration; there are none without an interval', () => {
    const given = {
      'execution.checkpointing.interval': '10 s',
      'state.checkpoints.dir': '/there',
      'execution.checkpointing.timeout': '1 min',
    };
    assert.deepEqual(new Environment(given).settings().checkpointing, { intervalMs: 10_000, storage: '/there', timeoutMs: 60_000 });
    const environment = new Environment(given).enableCheckpointing('2 s', 'AT_LEAST_ONCE');
    environment.getCheckpointConfig().setCheckpointStorage('/here').setMaxRetainedCheckpoints(3);
    assert.deepEqual(environment.settings().checkpointing, {
      intervalMs: 2_000,
      mode: 'AT_LEAST_ONCE',
      storage: '/here',
      timeoutMs: 60_000,
      retained: 3,
    });
    assert.equal(new Environment({ 'execution.checkpointing.timeout': '1 min' }).settings().checkpointing, undefined);
    const inMemory = new Environment({ ...given, 'execution.checkpointing.storage': 'jobmanager' });
    assert.equal(inMemory.settings().checkpointing?.storage, undefined);
  });

  it('an interval of 0 ms is refused, wherever it is given', () => {
    const inProgram = /^setCheckpointInterval got 0 ms\. Give a duration above 0 ms\.$/;
    assert.throws(() => new Environment({}).enableCheckpointing('0 ms'), { name: 'UsageError', message: inProgram });
    assert.throws(() => new Environment({}).getCheckpointConfig().setCheckpointInterval('0 ms'), {
      name: 'UsageError',
      message: inProgram,
    });
    const byKey = /^execution\.checkpointing\.interval is '0 ms'.*but it must be a duration.*1 ms or more/;
    assert.throws(() => new Environment({ 'execution.checkpointing.interval': '0 ms' }).settings(), {
      name: 'ConfigError',
      message: byKey,
    });
  });
});
