/** Numbers as people write them on a command line and in nanoc.json. */

/** Bytes of `64000`, `64K`, `64 KB`, `1.5M`: K is 1024. undefined when it is no such thing. */
export function parseBytes(text: string): number | undefined {
  return parseScaled(text, /^(\d+(?:\.\d+)?)\s*([kKmM]?)(?:i?[bB])?$/, 1024);
}

/** A count such as `2500000`, `2500k` or `2.5M`: k is 1000. */
export function parseCount(text: string): number | undefined {
  return parseScaled(text, /^(\d+(?:\.\d+)?)\s*([kKmM]?)$/, 1000);
}

/** Hz of `64000000`, `64M`, `64 MHz`, `32.768 kHz`: k is 1000. */
export function parseHertz(text: string): number | undefined {
  return parseScaled(text, /^(\d+(?:\.\d+)?)\s*([kKmM]?)(?:[hH][zZ])?$/, 1000);
}

function parseScaled(text: string, form: RegExp, thousand: number): number | undefined {
  const match = form.exec(text.trim());
  if (match === null) return undefined;
  const unit = { '': 1, k: thousand, m: thousand * thousand }[match[2]!.toLowerCase()] ?? 1;
  const value = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(value) ? value : undefined;
}
