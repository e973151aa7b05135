/** Goal: S1-S3, and that whatever an enumerator does wrong fails its job once, by name. Method: enumerators written for each case; time is moved by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import type { Source, SplitEnumerator, SplitEnumeratorContext } from '@millrace/streaming/contract/source';
import type { ReaderEvent } from '../protocol/slot-messages.ts';
import { SourceCoordinator } from './source-coordinator.ts';

type Context = SplitEnumeratorContext<string>;
type Enumerator = SplitEnumerator<string, undefined>;

function coordinate(make: (context: Context) => Partial<Enumerator>) {
  const sent: (readonly [subtask: number, event: ReaderEvent])[] = [];
  const failures: Error[] = [];
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    schedule(delayMs, action) {
      timers.set(action, delayMs);
      return { cancel: () => timers.delete(action) };
    },
  };
  const serializer = {
    version: 3,
    serialize: (split: string) => Buffer.from(split),
    deserialize: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  };
  const nothing = { start() {}, handleSplitRequest() {}, addSplitsBack() {}, addReader() {}, snapshotState: () => undefined, close() {} };
  const source: Pick<Source<unknown, string>, 'createEnumerator' | 'splitSerializer'> = {
    createEnumerator: (context) => ({ ...nothing, ...make(context) }),
    splitSerializer: () => serializer,
  };
  const coordinator = new SourceCoordinator({
    operatorName: 'lakes',
    uid: 'l',
    source: source as Source<unknown>,
    parallelism: 2,
    clock,
    send: (subtask, event) => sent.push([subtask, event]),
    fail: (error) => failures.push(error as Error),
  });
  const tick = () => {
    const [action] = [...timers.keys()];
    if (action !== undefined) timers.delete(action);
    action?.();
  };
  return { coordinator, sent, failures, timers, tick, messages: () => failures.map(({ message }) => message) };
}

const register = { type: 'register-reader' } as const;
const request = { type: 'request-split' } as const;
/** Everything that promises which are settled already lead to. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('SourceCoordinator', () => {
  it('gives what comes before start has settled to the enumerator afterwards, in order (S1)', async () => {
    const calls: string[] = [];
    let started = () => {};
    const { coordinator, failures } = coordinate(() => ({
      start: () =>
        new Promise<void>((resolve) => {
          started = resolve;
        }),
      addReader: (subtask) => void calls.push(`reader ${subtask}`),
      handleSplitRequest: (subtask) => void calls.push(`request ${subtask}`),
    }));
    coordinator.start();
    coordinator.handleEvent(1, register);
    coordinator.handleEvent(0, register);
    coordinator.handleEvent(1, request);
    await settled();
    assert.deepEqual(calls, []);
    started();
    await settled();
    assert.deepEqual([calls, failures], [['reader 1', 'reader 0', 'request 1'], []]);
  });

  it('sends splits with the version of their serializer, and the end', () => {
    const { coordinator, sent } = coordinate((context) => ({
      handleSplitRequest(subtask) {
        context.assignSplit('north', subtask);
        context.signalNoMoreSplits(subtask);
        context.sendEventToSourceReader(subtask, { hint: 1 });
      },
    }));
    coordinator.start();
    coordinator.handleEvent(1, register);
    coordinator.handleEvent(1, request);
    assert.deepEqual(sent, [
      [1, { type: 'add-splits', version: 3, splits: [Buffer.from('north')] }],
      [1, { type: 'no-more-splits' }],
      [1, { type: 'source-event', event: { hint: 1 } }],
    ]);
  });

  it('tells the enumerator which splits a reader came back with', () => {
    const reported: unknown[] = [];
    const { coordinator, failures } = coordinate((context) => ({
      addReader: (subtask) => void reported.push(context.registeredReaders().get(subtask)?.reportedSplits),
    }));
    coordinator.start();
    coordinator.handleEvent(0, register);
    coordinator.handleEvent(1, { ...register, splits: { version: 3, splits: [Buffer.from('north'), Buffer.from('south')] } });
    assert.deepEqual([reported, failures], [[[], ['north', 'south']], []]);
  });

  it('refuses a split for a reader that has not registered (S3)', () => {
    const { coordinator, messages } = coordinate((context) => ({ addReader: () => context.assignSplit('north', 0) }));
    coordinator.start();
    coordinator.handleEvent(1, register);
    assert.deepEqual(messages(), [
      "The split enumerator of 'lakes' (uid l) failed in addReader: assignSplit for subtask 0, whose reader has not registered; registered: 1. Wait for addReader.",
    ]);
  });

  const no = (): never => {
    throw new Error('no');
  };
  const wrong: Record<string, (context: Context) => Partial<Enumerator>> = {
    createEnumerator: no,
    start: () => ({ start: no }),
    'start ': () => ({ start: () => Promise.reject(new Error('no')) }),
    addReader: () => ({ addReader: no }),
    handleSplitRequest: () => ({ handleSplitRequest: no }),
    handleSourceEvent: () => ({ handleSourceEvent: no }),
    callAsync: (context) => ({ start: () => context.callAsync(async () => 1, no) }),
  };
  for (const [call, make] of Object.entries(wrong)) {
    it(`fails the job once, by name, when ${call.trim()} ${call.endsWith(' ') ? 'rejects' : 'throws'}, and closes what it has (S2)`, async () => {
      let closed = 0;
      const { coordinator, failures } = coordinate((context) => ({
        handleSourceEvent() {},
        ...make(context),
        close() {
          closed += 1;
        },
      }));
      coordinator.start();
      for (const subtask of [0, 1]) {
        coordinator.handleEvent(subtask, register);
        coordinator.handleEvent(subtask, request);
        coordinator.handleEvent(subtask, { type: 'source-event', event: {} });
      }
      await settled();
      assert.deepEqual(
        failures.map((error) => [error.message, (error as { kind?: string }).kind, (error.cause as Error).message]),
        [[`The split enumerator of 'lakes' (uid l) failed in ${call.trim()}: no`, 'user-code', 'no']],
      );
      assert.equal(closed, call === 'createEnumerator' ? 0 : 1);
    });
  }

  it('says so when a reader sends events that the enumerator does not take', () => {
    const { coordinator, messages } = coordinate(() => ({}));
    coordinator.start();
    coordinator.handleEvent(0, { type: 'source-event', event: {} });
    assert.deepEqual(messages(), [
      "The split enumerator of 'lakes' (uid l) failed in handleSourceEvent: its reader sent an event, but its enumerator has no handleSourceEvent. Add the method, or do not send events.",
    ]);
  });

  it('repeats asynchronous work with its period, each round after the last, until it is closed; errors of the work are handed over', async () => {
    const outcomes: unknown[] = [];
    let round = 0;
    const { coordinator, timers, tick, failures } = coordinate((context) => ({
      start: () =>
        context.callAsync(
          async () => {
            round += 1;
            if (round === 2) throw new Error('offline');
            return round;
          },
          (outcome) => outcomes.push('value' in outcome ? outcome.value : (outcome.error as Error).message),
          '5 s',
        ),
    }));
    coordinator.start();
    for (const expected of [[1], [1, 'offline'], [1, 'offline', 3]]) {
      await settled();
      assert.deepEqual([outcomes, [...timers.values()]], [expected, [5_000]]);
      if (expected.length < 3) tick();
    }
    coordinator.close();
    assert.deepEqual([timers.size, failures], [0, []]);
  });

  it('does nothing after its end, and an error of the clean-up fails nobody', async () => {
    const { coordinator, sent, failures } = coordinate((context) => ({
      close: () => Promise.reject(new Error('cannot close')),
      handleSplitRequest: (subtask) => context.assignSplit('late', subtask),
    }));
    coordinator.start();
    coordinator.handleEvent(0, register);
    coordinator.close();
    coordinator.handleEvent(0, request);
    await settled();
    assert.deepEqual([sent, failures], [[], []]);
  });
});

function restorable(make: (context: Context) => Partial<Enumerator>, restored?: { version: number; bytes: Uint8Array }) {
  const heard: string[] = [];
  const failures: string[] = [];
  const back: string[] = [];
  const nothing = { start() {}, handleSplitRequest() {}, addReader() {}, snapshotState: () => undefined, close() {} };
  const addSplitsBack = (splits: readonly string[], subtask: number) => void back.push(`${splits.join()} of ${subtask}`);
  const enumerator = (context: Context) => ({ ...nothing, addSplitsBack, ...make(context) });
  const text = {
    version: 4,
    serialize: (value: unknown) => Buffer.from(JSON.stringify(value ?? null)),
    deserialize: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  };
  const source = {
    createEnumerator(context: Context) {
      heard.push('created');
      return enumerator(context);
    },
    restoreEnumerator(context: Context, state: string) {
      heard.push(`restored ${state}`);
      return enumerator(context);
    },
    splitSerializer: () => text,
    enumeratorStateSerializer: () => text,
  };
  const coordinator = new SourceCoordinator({
    operatorName: 'lakes',
    uid: undefined,
    source: source as unknown as Source<unknown>,
    parallelism: 2,
    clock: { now: () => 0, monotonic: () => 0, schedule: () => ({ cancel() {} }) },
    restored,
    remembersAssignments: true,
    send: (subtask, event) => heard.push(`${event.type} to ${subtask}`),
    snapshotTaken: (checkpointId, { version, bytes }) =>
      heard.push(`snapshot ${checkpointId} v${version} ${Buffer.from(bytes).toString()}`),
    backlog: (is) => heard.push(`backlog ${is}`),
    fail: (error) => failures.push((error as Error).message),
  });
  return { coordinator, heard, failures, back };
}

describe('SourceCoordinator and checkpoints', () => {
  it('gives the state of its enumerator with the version, and begins with one that was given', () => {
    const { coordinator, heard } = restorable(
      (context) => ({
        start: () => context.setIsProcessingBacklog(true),
        snapshotState: (id) => ({ id }) as never,
      }),
      { version: 3, bytes: Buffer.from('old') },
    );
    coordinator.start();
    coordinator.snapshot(7);
    assert.deepEqual(heard, ['restored old', 'backlog true', 'snapshot 7 v4 {"id":7}']);
  });

  it('does not call the enumerator while its snapshot is open, and sends afterwards what it assigns meanwhile (S4)', async () => {
    let settle = () => {};
    let assign = () => {};
    const calls: string[] = [];
    const { coordinator, heard } = restorable((context) => ({
      addReader: (subtask) => {
        calls.push(`reader ${subtask}`);
        assign = () => context.assignSplit('s', 0);
      },
      handleSplitRequest: (subtask) => void calls.push(`request ${subtask}`),
      snapshotState: () => new Promise((resolve) => (settle = () => resolve('x' as never))),
    }));
    coordinator.start();
    coordinator.handleEvent(0, register);
    coordinator.snapshot(1);
    coordinator.handleEvent(0, request);
    assign();
    await settled();
    assert.deepEqual([calls, heard], [['reader 0'], ['created']]);
    settle();
    await settled();
    assert.deepEqual(
      [calls, heard],
      [
        ['reader 0', 'request 0'],
        ['created', 'snapshot 1 v4 "x"', 'add-splits to 0'],
      ],
    );
  });

  it('gives back what a subtask was assigned after the checkpoint that it begins from, and no more (S5)', () => {
    const { coordinator, back } = restorable((context) => {
      let next = 0;
      return { handleSplitRequest: (subtask) => context.assignSplit(`s${next++}`, subtask) };
    });
    coordinator.start();
    for (const subtask of [0, 1]) coordinator.handleEvent(subtask, register);
    const ask = (subtask: number) => coordinator.handleEvent(subtask, request);
    ask(0); // s0
    coordinator.snapshot(1);
    ask(0); // s1
    ask(1); // s2
    coordinator.snapshot(2);
    coordinator.notifyCheckpoint(1, 'complete');
    ask(0); // s3
    coordinator.resetSubtask(0, 1);
    coordinator.resetSubtask(0, 1);
    assert.deepEqual(back, ['s1,s3 of 0']);
    coordinator.notifyCheckpoint(2, 'complete');
    coordinator.resetSubtask(1, 2);
    assert.deepEqual(back, ['s1,s3 of 0']);
    coordinator.handleEvent(1, register);
    ask(1); // s4
    coordinator.resetSubtask(1, undefined);
    assert.deepEqual(back.slice(1), ['s4 of 1']);
  });

  it('fails the job by name when the snapshot, or its serializer, throws', async () => {
    for (const snapshotState of [
      () => Promise.reject(new Error('no')),
      (): never => {
        throw new Error('no');
      },
    ]) {
      const { coordinator, failures } = restorable(() => ({ snapshotState }));
      coordinator.start();
      coordinator.snapshot(1);
      await settled();
      assert.deepEqual(failures, ["The split enumerator of 'lakes' failed in snapshotState: no"]);
    }
  });
});
