/** ByteLevel's alphabet (GPT-2): each byte as a printable character. */
const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);

const codes: number[] = [];
for (let byte = 0, next = 256; byte < 256; byte += 1) {
  codes.push(isPrintable(byte) ? byte : next);
  if (!isPrintable(byte)) next += 1;
}

/** The character of each byte. */
export const BYTE_CHARACTERS: readonly string[] = codes.map((code) => String.fromCharCode(code));
const bytes = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** Bytes of a token's text; of one with other characters its own UTF-8. */
export function bytesOfCharacters(text: string): Uint8Array {
  const list = [...text].map((character) => bytes.get(character));
  return list.includes(undefined) ? new TextEncoder().encode(text) : Uint8Array.from(list as number[]);
}
