/** What 6-emit needs from outside: it touches no file system and no Node API itself, so that it can run in a browser. */
export interface EmitHost {
  /** Text of a file of the package by its path from the package's root (`templates/model.c.hbs`), undefined where there is none. */
  read(path: string): string | undefined;
  /** Hexadecimal SHA-256. */
  sha256(data: Uint8Array | string): string;
  /** ts-morph, which is large: it is loaded when the typed binding is written, and only then. */
  loadTsMorph(): Promise<typeof import('ts-morph')>;
  /** Version of nanoc. */
  readonly version: string;
}

/** Text of a file that the package must have. */
export function readRequired(host: EmitHost, path: string): string {
  const text = host.read(path);
  if (text === undefined) throw new Error(`invariant: the package has no ${path}`);
  return text;
}
