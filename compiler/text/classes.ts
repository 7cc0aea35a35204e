/** Classes of characters as GPT-2's regular expression tells them apart: those of the package `tokenizers` (Unicode 16). */
import { CHARACTER_CLASSES } from './character-classes.js';

/** In the order of the C: other, letter, number, white space. */
export const CLASSES = ['other', 'letter', 'number', 'space'] as const;

/** Code points where the class changes, ascending, and the class from there on. */
export const classChanges: readonly { readonly from: number; readonly kind: number }[] = (() => {
  let from = 0;
  return [...CHARACTER_CLASSES.matchAll(/([.,;:])([0-9a-z]+)/g)].map((match) => {
    from += Number.parseInt(match[2]!, 36);
    return { from, kind: '.,;:'.indexOf(match[1]!) };
  });
})();

/** Class of a code point: its index in `CLASSES`. */
export function classOf(code: number): number {
  let [low, high] = [0, classChanges.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (classChanges[middle]!.from <= code) low = middle;
    else high = middle;
  }
  return classChanges[low]!.kind;
}
