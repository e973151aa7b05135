// Goal: A1-A5 of the alignment in every small case. Method: all ways in which the events of 1 to 3 channels (barriers, one of them lost or doubled, the end of the input,
// an abort) can follow each other, where a held channel brings nothing; the expected is a model that looks at the whole history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointBarrier } from '../checkpoint/checkpoint-options.ts';
import { BarrierAlignment } from './barrier-alignment.ts';

type Mode = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
/** What a channel brings: barriers by id, or the end. */
type Item = number | 'end';

const barrierOf = (checkpointId: number): CheckpointBarrier => ({
  checkpointId,
  timestamp: 0,
  kind: 'checkpoint',
  location: { kind: 'memory', maxStateBytes: 1 },
});

/** The two checkpoints of a history, as each channel may bring them: in order, without one of them, one twice, and with the end anywhere. */
const CHANNELS: readonly (readonly Item[])[] = [[1, 2], [1, 1, 2], [2], [1], [1, 'end'], ['end'], [1, 2, 'end'], [2, 'end']];

interface Event {
  readonly what: Item | 'abort 1' | 'abort 2' | 'trigger 1' | 'trigger 2';
  readonly channel: number;
}

/** Runs one history, and holds what happens to the rules as they are written. */
class History {
  readonly passed: number[] = [];
  readonly abandoned: number[] = [];
  readonly #mode: Mode;
  readonly #channels: number;
  readonly #alignment: BarrierAlignment;
  readonly #delivered: Set<number>[];
  readonly #ended = new Set<number>();
  readonly #aborted = new Set<number>();

  constructor(channels: number, mode: Mode) {
    this.#mode = mode;
    this.#channels = channels;
    this.#delivered = Array.from({ length: channels }, () => new Set());
    this.#alignment = new BarrierAlignment({
      channels,
      mode,
      now: () => 0,
      pass: ({ checkpointId }) => this.#pass(checkpointId),
      abandon: (checkpointId, newerId) => {
        assert.ok(newerId > checkpointId);
        assert.ok(!this.abandoned.includes(checkpointId), 'abandoned once');
        assert.ok(!this.passed.includes(checkpointId), 'what has passed is not abandoned');
        this.abandoned.push(checkpointId);
      },
    });
  }

  isHeld(channel: number): boolean {
    return this.#alignment.isHeld(channel);
  }

  apply({ what, channel }: Event): void {
    if (what === 'end') {
      this.#ended.add(channel);
      this.#alignment.ended(channel);
    } else if (typeof what === 'number') {
      this.#delivered[channel]?.add(what);
      this.#alignment.arrived(channel, barrierOf(what));
    } else if (what.startsWith('abort')) {
      this.#aborted.add(Number(what.slice(-1)));
      this.#alignment.aborted(Number(what.slice(-1)));
    } else this.#alignment.triggered(barrierOf(Number(what.slice(-1))));
    this.#check();
  }

  #pass(id: number): void {
    for (let channel = 0; channel < this.#channels; channel++) {
      assert.ok(this.#ended.has(channel) || this.#delivered[channel]?.has(id), 'A1: every channel has delivered, or has ended');
    }
    assert.ok(id > (this.passed.at(-1) ?? 0), 'A3: ascending');
    assert.ok(!this.#aborted.has(id), 'A3: not aborted');
    assert.ok(!this.abandoned.includes(id), 'A3: not abandoned');
    this.passed.push(id);
  }

  #check(): void {
    const over = (id: number) => this.#aborted.has(id) || this.abandoned.includes(id) || id <= (this.passed.at(-1) ?? 0);
    for (let channel = 0; channel < this.#channels; channel++) {
      const waits = [...(this.#delivered[channel] as Set<number>)].some((id) => !over(id));
      const held = this.#mode === 'EXACTLY_ONCE' && waits && !this.#ended.has(channel);
      if (!this.#ended.has(channel))
        assert.equal(this.isHeld(channel), held, `A2: channel ${channel} is held exactly while its barrier waits`);
    }
    for (const id of [1, 2]) {
      const complete = this.#delivered.every((ids, channel) => ids.has(id) || this.#ended.has(channel));
      const known = this.#delivered.some((ids) => ids.has(id));
      if (known && complete) assert.ok(over(id) || this.passed.includes(id), 'A1: what is complete has passed, or is over');
    }
  }
}

/** Every order of the events that respects each channel's own, in which held channels bring nothing. Replays from the start: histories have no way back. */
function everyOrder(sources: readonly (readonly Event[])[], channels: number, mode: Mode, end: (history: History) => void): number {
  let count = 0;
  const visit = (prefix: readonly Event[], places: readonly number[]) => {
    const history = new History(channels, mode);
    for (const event of prefix) history.apply(event);
    let isStuck = true;
    for (const [index, events] of sources.entries()) {
      const event = events[places[index] as number];
      if (event === undefined || (index < channels && history.isHeld(index))) continue;
      isStuck = false;
      visit(
        [...prefix, event],
        places.map((place, each) => (each === index ? place + 1 : place)),
      );
    }
    if (!isStuck) return;
    count += 1;
    end(history);
  };
  visit(
    [],
    sources.map(() => 0),
  );
  return count;
}

function* combinations<T>(choices: readonly T[], length: number): Generator<readonly T[]> {
  if (length === 0) yield [];
  else for (const first of choices) for (const rest of combinations(choices, length - 1)) yield [first, ...rest];
}

const ABORTS: readonly (readonly Event[])[] = [[], [{ what: 'abort 1', channel: -1 }], [{ what: 'abort 2', channel: -1 }]];

for (const mode of ['EXACTLY_ONCE', 'AT_LEAST_ONCE'] as const) {
  test(`every order of barriers, ends and aborts over one to three channels keeps A1 to A4 (${mode})`, () => {
    let histories = 0;
    for (const channels of [1, 2, 3]) {
      const choices = channels === 3 ? CHANNELS.slice(0, 6) : CHANNELS;
      for (const chosen of combinations(choices, channels)) {
        if (channels === 3 && chosen.flat().length > 7) continue; // the rest says nothing new, many thousand times
        for (const aborts of ABORTS) {
          const sources = [...chosen.map((items, channel) => items.map((what): Event => ({ what, channel }))), aborts];
          histories += everyOrder(sources, channels, mode, (history) => {
            const all = chosen.every((items) => items.includes(2) || items.includes('end'));
            const brought = chosen.some((items) => items.includes(2));
            if (all && brought && aborts[0]?.what !== 'abort 2') {
              assert.equal(history.passed.at(-1), 2, 'no order of the channels keeps a complete checkpoint from passing');
            }
          });
        }
      }
    }
    assert.ok(histories > 10_000, `only ${histories} histories`);
  });
}

test('A5: a checkpoint that was triggered passes when all channels have ended, whatever comes first', () => {
  for (const mode of ['EXACTLY_ONCE', 'AT_LEAST_ONCE'] as const) {
    const sources: readonly (readonly Event[])[] = [
      [{ what: 'end', channel: 0 }],
      [{ what: 'end', channel: 1 }],
      [
        { what: 'trigger 1', channel: -1 },
        { what: 'trigger 1', channel: -1 },
        { what: 'trigger 2', channel: -1 },
      ],
    ];
    everyOrder(sources, 2, mode, (history) => {
      assert.equal(history.passed.at(-1), 2);
      assert.ok(history.passed.includes(1) || history.abandoned.includes(1));
    });
  }
});

test('ids that were given up long ago cost nothing, and still mean nothing', () => {
  const passed: number[] = [];
  const alignment = new BarrierAlignment({
    channels: 2,
    mode: 'EXACTLY_ONCE',
    now: () => 0,
    pass: ({ checkpointId }) => void passed.push(checkpointId),
    abandon() {},
  });
  for (let id = 1; id <= 5_000; id++) alignment.aborted(id);
  for (const id of [1, 3_000, 5_000]) for (const channel of [0, 1]) alignment.arrived(channel, barrierOf(id));
  assert.deepEqual(passed, []);
  for (const channel of [0, 1]) alignment.arrived(channel, barrierOf(5_001));
  assert.deepEqual(passed, [5_001]);
});
