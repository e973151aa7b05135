/** What the process functions of process-functions.ts must emit: computed from the lists of their input, without state and without a timer service. */
import { bucketOf, ruleOf } from './operations.ts';
import type { OracleRecord, TimersPlan } from './program.ts';
import {
  byKey,
  type Element,
  NO_PHASE,
  NONE,
  recordsOf,
  type ReferenceClock,
  type Stream,
  type Timed,
  union,
  watermarkOf,
  withWatermark,
} from './reference-streams.ts';

interface Sides {
  readonly main: Stream;
  readonly side: Stream;
}

const made = (record: OracleRecord, at: number): Timed => ({ record, at, phase: NO_PHASE });

const isOdd = ({ v }: OracleRecord) => v % 2 === 1;

export function timers(plan: TimersPlan, input: Stream, clock: ReferenceClock): Sides {
  const side = { elements: input.elements.filter((element) => !('record' in element) || isOdd(element.record)), idle: input.idle };
  if (plan.how === 'sequence') return { main: sequence(plan, input), side };
  const fired =
    plan.how === 'buckets' ? bucketsFired(plan, recordsOf(input), watermarkOf(input)) : clockFired(plan, recordsOf(input), clock);
  return { main: withWatermark(fired, watermarkOf(input), input.idle), side };
}

/** Two inputs or more: each counts ten times as much as the one before. */
export function bucketsOfMany(plan: Grain, inputs: readonly Stream[]): Stream {
  const records = inputs.flatMap((stream, input) =>
    recordsOf(stream).map((timed) => ({ ...timed, record: { k: timed.record.k, v: timed.record.v * 10 ** input } })),
  );
  const all = union(inputs);
  return withWatermark(bucketsFired(plan, records, watermarkOf(all)), watermarkOf(all), all.idle);
}

interface Grain {
  readonly grainMs: number;
  readonly delayMs: number;
}

/** Every bucket of every key whose time has come, in order. */
function bucketsFired({ grainMs, delayMs }: Grain, records: readonly Timed[], watermark: number): Timed[] {
  return [...byKey(records)].flatMap(([k, ofKey]) => {
    const buckets = new Set(ofKey.map(({ at }) => bucketOf(at, grainMs)));
    const due = [...buckets].filter((bucket) => bucket + delayMs <= watermark).sort((a, b) => a - b);
    return due.map((bucket, fired) => {
      const inBucket = ofKey.filter(({ at }) => bucketOf(at, grainMs) === bucket);
      return made({ k, v: inBucket.reduce((sum, { record }) => sum + record.v, 0) + 1000 * fired }, bucket + delayMs);
    });
  });
}

/** At each time that a record has asked for: all that came before it. A record comes when the clock stands at its phase. */
function clockFired({ grainMs, delayMs }: Grain, records: readonly Timed[], clock: ReferenceClock): Timed[] {
  return [...byKey(records)].flatMap(([k, ofKey]) => {
    const times = new Set(ofKey.map(({ phase }) => bucketOf(clock.timeOf(phase) + 1, grainMs) + delayMs));
    return [...times]
      .filter((time) => time <= clock.now)
      .map((time) => {
        const before = ofKey.filter(({ phase }) => clock.timeOf(phase) < time);
        return made({ k, v: before.reduce((sum, { record }) => sum + record.v, 0) + 1000 * before.length }, NONE);
      });
  });
}

/** Element by element, each key with a list of values and a list of timers. */
function sequence(plan: Grain, { elements, idle }: Stream): Stream {
  const keys = new Map<number, SequenceOfKey>();
  let watermark = NONE;
  const emitted: Element[] = [];
  for (const element of elements) {
    if ('record' in element) {
      const { k } = element.record;
      const ofKey = keys.get(k) ?? new SequenceOfKey(plan, k);
      keys.set(k, ofKey);
      emitted.push(ofKey.record(element));
    } else if (element.watermark > watermark) {
      watermark = element.watermark;
      for (const ofKey of keys.values()) emitted.push(...ofKey.watermark(watermark));
      emitted.push(element);
    }
  }
  return { elements: emitted, idle };
}

class SequenceOfKey {
  readonly #plan: Grain;
  readonly #key: number;
  readonly #timers = new Set<number>();
  #values: number[] = [];
  #again = 0;

  constructor(plan: Grain, key: number) {
    this.#plan = plan;
    this.#key = key;
  }

  record({ record, at }: Timed): Timed {
    this.#values.push(record.v);
    this.#timers.add(at + this.#plan.delayMs);
    if (record.v % 4 === 0) this.#timers.delete(at + this.#plan.delayMs - 1);
    return made({ k: this.#key, v: this.#sum() }, at);
  }

  watermark(watermark: number): Timed[] {
    const fired: Timed[] = [];
    for (let time = Math.min(...this.#timers); time <= watermark; time = Math.min(...this.#timers)) {
      this.#timers.delete(time);
      fired.push(made({ k: this.#key, v: 1000 + this.#sum() }, time));
      if (this.#values.length > 3) this.#values = [];
      else if (this.#again < 2) {
        this.#again += 1;
        this.#timers.add(time + this.#plan.grainMs);
      }
    }
    return fired;
  }

  #sum(): number {
    return this.#values.reduce((sum, value) => sum + value, 0);
  }
}

/** Rules of a phase come before its records; each shows itself once in every subtask. */
export function rules(first: Stream, second: Stream, subtasks: number): Stream {
  const data = recordsOf(first);
  const given = recordsOf(second);
  const emitted = data.map(({ record, at, phase }) => {
    const known = given.filter((rule) => rule.phase <= phase && ruleOf(rule.record.k) === ruleOf(record.k));
    return made({ k: record.k, v: record.v + known.reduce((sum, rule) => sum + rule.record.v, 0) }, at);
  });
  for (const { record, at, phase } of given) {
    for (let subtask = 0; subtask < subtasks; subtask++) emitted.push(made({ k: 9, v: record.v }, at));
    if (record.v % 2 !== 0) continue;
    const seen = byKey(data.filter((timed) => timed.phase < phase));
    for (const [k, ofKey] of seen) emitted.push(made({ k, v: 1000 + ofKey.length }, at));
  }
  const both = union([first, second]);
  return withWatermark(emitted, watermarkOf(both), both.idle);
}
