/** Goal: R1-R3 and the ends of a call. Method: two routers on a link of text, or one alone; deliveries and time are moved by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '@millrace/core/base/clock';
import type { FailureDescription } from './execution-state.ts';
import { lostFailure } from './failure-description.ts';
import type { RpcCall, RpcMessage, RpcOutcome } from './rpc.ts';
import { RpcRouter } from './rpc-router.ts';

/** Everything that happens later waits here until it is told to happen. */
function world() {
  const deliveries: (() => void)[] = [];
  const timers = new Map<() => void, number>();
  const reports: FailureDescription[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    schedule(delayMs, action) {
      timers.set(action, delayMs);
      return { cancel: () => timers.delete(action) };
    },
  };
  const router = (name: string) =>
    new RpcRouter({
      clock,
      name,
      deliver: (_from, _to, action) => deliveries.push(action),
      report: (failure) => reports.push(failure),
    });
  return {
    reports,
    timers,
    router,
    run: () => {
      for (let next = deliveries.shift(); next !== undefined; next = deliveries.shift()) next();
    },
    expire: () => {
      for (const action of [...timers.keys()]) action();
    },
  };
}

/** An endpoint of leader `l` that does with a call what the test says. */
function endpoint(receive: (message: RpcMessage, call: RpcCall) => void) {
  return { accepts: ({ leader }: RpcMessage) => leader === 'l', receive };
}

const message = (type: string, leader = 'l'): RpcMessage => ({ type, leader });

function asked(router: RpcRouter, to: string, what: RpcMessage, timeoutMs?: number): RpcOutcome<unknown>[] {
  const outcomes: RpcOutcome<unknown>[] = [];
  router.connect('client', to).ask(what, timeoutMs, (outcome) => outcomes.push(outcome));
  return outcomes;
}

const failureOf = ([outcome, ...more]: readonly RpcOutcome<unknown>[]) => {
  assert.deepEqual(more, [], 'settled more than once');
  return outcome === undefined || outcome.ok ? undefined : [outcome.failure.reason, outcome.failure.message];
};

describe('a call', () => {
  it('is not delivered inside of the call that sends it, and answered once', () => {
    const { router, run, timers } = world();
    const one = router('one');
    const received: string[] = [];
    one.register(
      'a',
      endpoint(({ type }, call) => {
        received.push(`${type} from ${call.from}`);
        call.reply('first');
        call.reply('second');
        call.fail(lostFailure('x', 'third'));
      }),
    );
    const outcomes = asked(one, 'a', message('hello'), 1_000);
    assert.deepEqual([received, outcomes], [[], []]);
    run();
    assert.deepEqual([received, outcomes], [['hello from client'], [{ ok: true, answer: 'first' }]]);
    assert.equal(timers.size, 0, 'the timer of an answered call is cancelled');
  });

  it('that is not answered in time fails, and an answer that comes later changes nothing', () => {
    const { router, run, timers, expire } = world();
    const one = router('one');
    let late: RpcCall | undefined;
    one.register(
      'a',
      endpoint((_message, call) => {
        late = call;
      }),
    );
    const outcomes = asked(one, 'a', message('hello'), 250);
    run();
    assert.deepEqual([...timers.values()], [250]);
    expire();
    assert.deepEqual(failureOf(outcomes), ['rpc-timeout', 'a did not answer within 250 ms. It may be down or overloaded.']);
    late?.reply('late');
    run();
    assert.equal(outcomes.length, 1);
  });

  it('without a time-out waits', () => {
    const { router, run, timers } = world();
    const one = router('one');
    one.register(
      'a',
      endpoint(() => {}),
    );
    const outcomes = asked(one, 'a', message('hello'));
    run();
    assert.deepEqual([outcomes, timers.size], [[], 0]);
  });

  it('of nobody, of a stale leader, and of an endpoint that throws fails with the reason', () => {
    const { router, run, reports } = world();
    const one = router('one');
    one.register(
      'a',
      endpoint(() => {
        throw new RangeError('no such slot');
      }),
    );
    const [nobody, stale, thrown] = [
      asked(one, 'b', message('hello')),
      asked(one, 'a', message('hello', 'old')),
      asked(one, 'a', message('hello')),
    ];
    run();
    assert.deepEqual(failureOf(nobody), ['unreachable', 'Nobody listens at b: it has ended or was never started.']);
    assert.deepEqual(failureOf(stale), ['stale-leader', "a refused 'hello' of client: its fencing token old is not that of the leader."]);
    assert.deepEqual(failureOf(thrown), ['unknown', 'no such slot']);
    assert.deepEqual(
      reports.map((failure) => failure.message),
      ['no such slot'],
    );
  });

  it('that nobody waits for is reported when it is refused', () => {
    const { router, run, reports } = world();
    const one = router('one');
    one.connect('client', 'b').tell(message('hello'));
    run();
    assert.deepEqual(
      reports.map(({ reason }) => reason),
      ['unreachable'],
    );
  });
});

describe('between processes', () => {
  function linked() {
    const { router, ...rest } = world();
    const [manager, worker] = [router('jm'), router('tm')];
    manager.addLink('taskmanager/1', { send: (text) => worker.receiveText(text) });
    worker.addLink('', { send: (text) => manager.receiveText(text) });
    return { manager, worker, ...rest };
  }

  it('messages of one sender keep their order, and answers find their way back', () => {
    const { manager, worker, run } = linked();
    const received: string[] = [];
    worker.register(
      'taskmanager/1',
      endpoint(({ type }, call) => {
        received.push(type);
        call.reply(type.length);
      }),
    );
    const gateway = manager.connect('jobmaster', 'taskmanager/1');
    const outcomes: RpcOutcome<number>[] = [];
    for (let n = 1; n <= 5; n += 1) gateway.ask<number>(message('m'.repeat(n)), 100, (outcome) => outcomes.push(outcome));
    run();
    assert.deepEqual(received, ['m', 'mm', 'mmm', 'mmmm', 'mmmmm']);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.ok && outcome.answer),
      [1, 2, 3, 4, 5],
    );
  });

  it('a link that breaks fails the calls that wait for an answer from there, and those alone', () => {
    const { manager, worker, run, timers } = linked();
    worker.register(
      'taskmanager/1',
      endpoint(() => {}),
    );
    manager.register(
      'local',
      endpoint(() => {}),
    );
    const lost = asked(manager, 'taskmanager/1', message('hello'), 100);
    const other = asked(manager, 'local', message('hello'), 100);
    run();
    manager.removeLink('taskmanager/1', lostFailure('task-manager-lost', 'it went'));
    assert.deepEqual([failureOf(lost), other, timers.size], [['task-manager-lost', 'it went'], [], 1]);
    const after = asked(manager, 'taskmanager/1', message('hello'), 100);
    run();
    assert.deepEqual(failureOf(after)?.[0], 'unreachable');
  });

  it('text that is no frame is refused', () => {
    const { manager } = linked();
    for (const text of ['1', '{}', '{"kind":"message","from":"a","to":"b"}', '{"kind":"answer","from":"a","to":"b","call":1,"outcome":{}}'])
      assert.throws(() => manager.receiveText(text), /is no frame of kind message or answer/, text);
  });
});
