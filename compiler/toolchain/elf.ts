/** The little of ELF32 and ELF64 (little-endian) that sizes need: sections and symbols. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly section: number;
}

export interface Elf {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
}

const NOBITS = 8;
const SYMTAB = 2;
const WRITE = 1;
const ALLOC = 2;

/** @throws Error when the bytes are not a little-endian ELF file */
export function readElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[5] !== 1)
    throw new Error('not a little-endian ELF file');
  const wide = bytes[4] === 2;
  const word = (at: number) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const table = word(wide ? 40 : 32);
  const stride = view.getUint16(wide ? 58 : 46, true);
  const count = view.getUint16(wide ? 60 : 48, true);
  const nameTable = view.getUint16(wide ? 62 : 50, true);
  const size = wide ? 8 : 4;
  const raw = Array.from({ length: count }, (_, index) => {
    const at = table + index * stride;
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: word(at + 8),
      address: word(at + 8 + size),
      offset: word(at + 8 + 2 * size),
      bytes: word(at + 8 + 3 * size),
      link: view.getUint32(at + 8 + 4 * size, true),
    };
  });
  const text = (start: number) => new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
  const names = raw[nameTable]!.offset;
  const symbols: ElfSymbol[] = [];
  for (const section of raw.filter((each) => each.type === SYMTAB)) {
    for (let at = section.offset; at < section.offset + section.bytes; at += wide ? 24 : 16) {
      symbols.push({
        name: text(raw[section.link]!.offset + view.getUint32(at, true)),
        address: word(at + (wide ? 8 : 4)),
        bytes: word(at + (wide ? 16 : 8)),
        section: view.getUint16(at + (wide ? 6 : 14), true),
      });
    }
  }
  return {
    sections: raw.map(({ nameAt, link: _link, ...rest }) => ({ name: text(names + nameAt), ...rest })),
    symbols,
  };
}

/** Bytes stored in flash (code, constants, initial data) and bytes of RAM (data and zeroed) of a linked program. */
export function programSizes(elf: Elf): { flash: number; ram: number } {
  let flash = 0;
  let ram = 0;
  for (const section of elf.sections) {
    if ((section.flags & ALLOC) === 0) continue;
    if (section.type !== NOBITS) flash += section.bytes;
    // Initial data that is nothing but constants copied into RAM is not marked as writable.
    if ((section.flags & WRITE) !== 0 || section.name === '.data') ram += section.bytes;
  }
  return { flash, ram };
}
