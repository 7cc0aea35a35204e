import { expect, it } from 'vitest';
import { readDisassembly } from './disassembly.js';
import type { Elf } from './elf.js';
import { linkedStackBound } from './stack.js';

const listing = `
program.elf:     file format elf32-littlearm

00000040 <entry>:
  40:\tpush\t{r4, r5, r6, r7, lr}
  42:\tsub\tsp, #20
  44:\tbl\t80 <helper>
  48:\tcbz\tr0, 4c <entry+0xc>
  4a:\tadd\tsp, #20
  4c:\tb.w\ta0 <tail>

00000080 <helper>:
  80:\tstmdb\tsp!, {r4-r11, lr}
  84:\tvpush\t{d8-d9}
  88:\tsub.w\tsp, sp, #256\t@ 0x100
  8c:\tstr.w\tlr, [sp, #-8]!
  90:\tldr\tr0, [sp, #4]
  92:\tbx\tlr

000000a0 <tail>:
  a0:\tpush\t{lr}
  a2:\tpop\t{pc}

000000b0 <indirect>:
  b0:\tblx\tr3

000000c0 <sized>:
  c0:\tsub\tsp, r3
  c2:\tmov\tsp, r7

000000d0 <jumps>:
  d0:\tbl\t40 <entry>
  d4:\tbl\td0 <jumps>
  d8:\tbl\tb0 <indirect>
`;
const functions = readDisassembly(listing);
const elf: Elf = {
  sections: [],
  symbols: [...functions.values()].map(({ name, address }) => ({ name, address: address | 1, bytes: 8, section: 1 })),
};

it('adds up what each function takes from the stack', () => {
  const sums = [...functions.values()].map(({ name, bytes, unknown }) => [name, bytes, unknown]);
  expect(sums).toEqual([
    ['entry', 20 + 20, undefined],
    ['helper', 36 + 16 + 256 + 8, undefined],
    ['tail', 4, undefined],
    ['indirect', 0, 'blx r3'],
    ['sized', 0, 'sub sp, r3'],
    ['jumps', 0, undefined],
  ]);
  expect([...functions.get(0x40)!.calls]).toEqual([0x80, 0xa0]);
});

it('bounds the deepest path; the frame sizes of the compiler come first', () => {
  expect(linkedStackBound([], functions, elf, 'entry')).toEqual({ bytes: 40 + 316 });
  const graph = 'node: { title: "x.c:helper" label: "helper\\nx.c:1:1\\n300 bytes (static)\\n0 dynamic objects" }';
  expect(linkedStackBound([graph], functions, elf, 'entry')).toEqual({ bytes: 340 });
  expect(linkedStackBound([], functions, elf, 'jumps')).toEqual({ notBounded: 'indirect: blx r3' });
  expect(linkedStackBound([], functions, elf, 'sized')).toEqual({ notBounded: 'sized: sub sp, r3' });
  expect(linkedStackBound([], functions, elf, 'none')).toEqual({ notBounded: 'none is not in the program' });
});
