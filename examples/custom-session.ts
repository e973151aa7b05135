// A session window of one's own: visits end after five quiet minutes, and at midnight. An assigner says which records belong together, `apply`
// makes one record of each visit. Run it with: npx millrace run examples/custom-session.ts
import { EventTimeTrigger, MergingWindowAssigner, StreamExecutionEnvironment, TimeWindow, WatermarkStrategy } from 'millrace';

interface Click {
  user: string;
  page: string;
  at: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

class Visits extends MergingWindowAssigner<Click, TimeWindow> {
  override assignWindows(_click: Click, timestamp: number) {
    const midnight = (Math.floor(timestamp / DAY) + 1) * DAY;
    return [new TimeWindow(timestamp, Math.min(timestamp + 5 * MINUTE, midnight))];
  }

  // Windows that overlap become one; those that only touch stay apart, so that no visit goes on over midnight.
  override mergeWindows(windows: Iterable<TimeWindow>, merge: (merged: readonly TimeWindow[], result: TimeWindow) => void) {
    let group: TimeWindow[] = [];
    let end = Number.NEGATIVE_INFINITY;
    const close = () => {
      const [first] = group;
      if (first !== undefined && group.length > 1) merge(group, new TimeWindow(first.start, end));
      group = [];
      end = Number.NEGATIVE_INFINITY;
    };
    for (const window of [...windows].sort((a, b) => a.start - b.start)) {
      if (window.start >= end) close();
      group.push(window);
      end = Math.max(end, window.end);
    }
    close();
  }

  override getDefaultTrigger() {
    return EventTimeTrigger.create();
  }

  override isEventTime() {
    return true;
  }

  override toString() {
    return 'Visits()';
  }
}

const at = (day: number, hour: number, minute: number) => day * DAY + hour * 60 * MINUTE + minute * MINUTE;
const clicks: Click[] = [
  { user: 'ann', page: '/', at: at(0, 9, 0) },
  { user: 'bob', page: '/', at: at(0, 9, 1) },
  { user: 'ann', page: '/shoes', at: at(0, 9, 4) },
  { user: 'ann', page: '/cart', at: at(0, 9, 3) }, // late by a minute
  { user: 'ann', page: '/', at: at(0, 9, 10) }, // more than five minutes after the last
  { user: 'bob', page: '/hats', at: at(0, 23, 57) },
  { user: 'bob', page: '/cart', at: at(0, 23, 59) },
  { user: 'bob', page: '/', at: at(1, 0, 0) }, // another day
  { user: 'ann', page: '/', at: at(1, 8, 0) },
];

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env
  .fromCollection(clicks)
  .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness('2 min').withTimestampAssigner((click) => click.at))
  .keyBy((click) => click.user)
  .window(new Visits())
  .apply((user, window, elements) => {
    const pages = [...elements].sort((a, b) => a.at - b.at).map(({ page }) => page);
    const from = new Date(window.start).toISOString().slice(0, 16);
    return { user, from, minutes: Math.round((window.end - window.start) / MINUTE), pages: pages.join(' ') };
  })
  .print();

await env.execute('visits');
