import { SeededRandom } from './random.ts';

export interface Channel {
  readonly channel: string;
  readonly url: string;
}

const NAMED = ['Google', 'Facebook', 'Baidu', 'Apple'];
const NUMBERED = 10_000;
const WITH_ID_IN = 10; // of so many numbered channels all but one carry their id in the url
const SEED = 0x6368616e; // apart from the ids of events

const random = new SeededRandom();

/** Each named channel has one url, and so has each numbered one: they are made once, as the public generator does. */
export const namedChannels: readonly Channel[] = NAMED.map((channel, index) => {
  random.seed(SEED + NUMBERED + index);
  return { channel, url: baseUrl() };
});

export const numberedChannels: readonly Channel[] = Array.from({ length: NUMBERED }, (_, number) => {
  random.seed(SEED + number);
  const url = baseUrl();
  return { channel: `channel-${number}`, url: random.below(WITH_ID_IN) > 0 ? `${url}&channel_id=${Math.abs(reversedBits(number))}` : url };
});

function baseUrl(): string {
  return `https://www.nexmark.com/${random.text(5, '_')}/${random.text(5, '_')}/${random.text(5, '_')}/item.htm?query=1`;
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) reversed |= ((value >>> bit) & 1) << (31 - bit);
  return reversed;
}
