import { SeededRandom } from './random.ts';

export const NAMED = ['Google', 'Facebook', 'Baidu', 'Apple'];
export const NUMBERED = 10_000;
const WITH_ID_IN = 10; // of so many numbered channels all but one carry their id in the url
const SEED = 0x6368616e; // apart from the ids of events

const random = new SeededRandom();

/**
 * The named channels, then the numbered ones, in two arrays: a place in an array of texts is nearer than an object of its own. Each channel has one url; they are made once,
 * as the public generator does.
 */
export const channels: readonly string[] = [...NAMED, ...Array.from({ length: NUMBERED }, (_, number) => `channel-${number}`)];
export const urls: readonly string[] = channels.map((_, index) => {
  random.seed(SEED + index);
  const url = baseUrl();
  return index < NAMED.length || random.below(WITH_ID_IN) === 0 ? url : `${url}&channel_id=${Math.abs(reversedBits(index - NAMED.length))}`;
});

function baseUrl(): string {
  return `https://www.nexmark.com/${random.text(5, '_')}/${random.text(5, '_')}/${random.text(5, '_')}/item.htm?query=1`;
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) reversed |= ((value >>> bit) & 1) << (31 - bit);
  return reversed;
}
