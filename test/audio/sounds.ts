/** Sounds that a front end has to get right, by whole numbers only: the same on every machine. */
import { Random } from '../support/random.js';

const [LOWEST, HIGHEST] = [-32768, 32767];

function sound(count: number, at: (i: number) => number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => Math.min(Math.max(at(i), LOWEST), HIGHEST));
}

/** A triangle that gets faster and louder: from a murmur to more than full scale. */
function sweep(count: number): Int16Array {
  return sound(count, (i) => {
    const phase = Math.floor((i * i) / 512) % 256;
    return Math.round(((phase < 128 ? phase - 64 : 192 - phase) * 600 * i) / count);
  });
}

export function sounds(count: number): Readonly<Record<string, Int16Array>> {
  const random = new Random(5);
  const noise = (loudness: number) => sound(count, () => random.integer(-loudness, loudness));
  const gaps = sound(count, (i) => (Math.floor(i / 700) % 2 === 0 ? 0 : random.integer(-9000, 9000)));
  return {
    silence: sound(count, () => 0),
    loud: sound(count, () => random.integer(LOWEST, HIGHEST)),
    quiet: noise(2),
    speech: sound(
      count,
      (i) => Math.round(random.integer(-3000, 3000) * Math.abs(((i % 4000) - 2000) / 2000)) + ((i % 80) - 40) * 60,
    ),
    slowSquare: sound(count, (i) => (i % 160 < 80 ? HIGHEST : LOWEST)),
    fastSquare: sound(count, (i) => (i % 2 === 0 ? HIGHEST : LOWEST)),
    lowest: sound(count, () => LOWEST),
    highest: sound(count, () => HIGHEST),
    clicks: sound(count, (i) => (i % 733 === 300 ? HIGHEST : i % 911 === 100 ? -HIGHEST : 0)),
    sweep: sweep(count),
    gaps,
  };
}

/** -32768 alone, in the middle of a window of 480 samples: microfrontend takes it for silence, since 32768 is no int16. */
export function loneLowest(count: number): Int16Array {
  return sound(count, (i) => (i === 720 ? LOWEST : 0));
}
