/**
 * Keeps the sources of an alignment group near each other in event time: collects how far their readers have come and announces how far they may go. Flink: "Watermark
 * alignment".
 *
 * Owned by the job, beside its split enumerators. Called by the source coordinators.
 *
 * A1 a source may go to the least watermark of its group plus its own drift. Readers that are idle or have ended do not count: they report MAX_WATERMARK. A source of which
 *    nothing is known yet holds the others at their first watermarks: it may be anywhere, and holds back the watermark behind it all the same.
 * A2 announcements are absolute and idempotent; one that says nothing new is not sent. A reader that registers is told what holds.
 * A3 between two announcements of a group lies an update interval, but for urgent reports: a reader that stopped, became idle or ended is answered at once, so that
 *    nobody waits for the clock alone.
 */
import type { Cancellation, Clock } from '@millrace/core/base/clock';
import { MAX_WATERMARK } from '@millrace/streaming/contract/timestamp';
import type { AlignmentSettings } from '@millrace/streaming/contract/watermark-strategy';

/** One source of a group. */
export interface AlignedSource {
  readonly settings: AlignmentSettings;
  /** To every reader of the source, or to one. */
  announce(maxWatermark: number, subtask: number | undefined): void;
}

export class WatermarkAlignment {
  readonly #clock: Clock;
  readonly #groups = new Map<string, AlignmentGroup>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(source: AlignedSource): AlignmentMember {
    const { group: name } = source.settings;
    const group = this.#groups.get(name) ?? new AlignmentGroup(this.#clock);
    this.#groups.set(name, group);
    return group.join(source);
  }
}

class AlignmentGroup {
  readonly #clock: Clock;
  readonly #members: AlignmentMember[] = [];
  #due: Cancellation | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(source: AlignedSource): AlignmentMember {
    const member = new AlignmentMember(source, this);
    this.#members.push(member);
    return member;
  }

  reported(member: AlignmentMember, urgent: boolean): void {
    if (urgent) this.announce();
    else
      this.#due ??= this.#clock.schedule(member.source.settings.updateIntervalMs, () => {
        this.#due = undefined;
        this.announce();
      });
  }

  announce(): void {
    if (this.#members.some((member) => !member.isKnown)) return;
    const least = Math.min(...this.#members.map((member) => member.least()));
    for (const member of this.#members) member.announce(least);
  }

  leave(member: AlignmentMember): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    if (this.#members.length > 0) return;
    this.#due?.cancel();
    this.#due = undefined;
  }
}

/** What a source coordinator holds of its group. */
export class AlignmentMember {
  readonly source: AlignedSource;
  readonly #group: AlignmentGroup;
  readonly #watermarks = new Map<number, number>();
  #announced: number | undefined;

  constructor(source: AlignedSource, group: AlignmentGroup) {
    this.source = source;
    this.#group = group;
  }

  /** A reader has begun. */
  registered(subtask: number): void {
    this.forget(subtask);
    if (this.#announced !== undefined) this.source.announce(this.#announced, subtask);
  }

  /** What the reader reported before its failure does not count any more. */
  forget(subtask: number): void {
    this.#watermarks.delete(subtask);
  }

  report(subtask: number, watermark: number, urgent: boolean): void {
    this.#watermarks.set(subtask, watermark);
    this.#group.reported(this, urgent);
  }

  close(): void {
    this.#group.leave(this);
  }

  /** For the group: one of its readers has reported. */
  get isKnown(): boolean {
    return this.#watermarks.size > 0;
  }

  /** For the group, where something was reported. */
  least(): number {
    return Math.min(...this.#watermarks.values());
  }

  /** For the group. */
  announce(least: number): void {
    const max = Math.min(MAX_WATERMARK, least + this.source.settings.maxDriftMs);
    if (max === this.#announced) return;
    this.#announced = max;
    this.source.announce(max, undefined);
  }
}
