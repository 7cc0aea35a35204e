/** Hash of no bytes. */
export const FNV_BASIS = 0x811c9dc5;

/** 32-bit FNV-1a of some bytes, continued from `hash` (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function fnv1a(bytes: Uint8Array, hash: number = FNV_BASIS): number {
  let h = hash;
  for (let index = 0; index < bytes.length; index += 1) h = Math.imul(h ^ bytes[index]!, 0x01000193);
  return h >>> 0;
}
