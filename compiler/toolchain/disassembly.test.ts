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

it('reads RISC-V: near and far calls, tail jumps, tables', () => {
  const riscv = `
80000100 <entry>:
80000100:\tadd\tsp,sp,-32
80000102:\tbeqz\ta0,80000108 <entry+0x8>
80000104:\tjal\t80000200 <near>
80000108:\tauipc\tra,0x10
8000010c:\tjalr\t-8(ra) # 80010100 <far>
80000110:\tadd\tsp,sp,32
80000112:\tret

80000200 <near>:
80000200:\taddi\tsp,sp,-16
80000204:\tlw\ta5,0(a5)
80000206:\tadd\ta5,a5,a4
80000208:\tjr\ta5
8000020a:\tj\t80010100 <far>

80000300 <indirect>:
80000300:\tlw\ta5,0(a0)
80000302:\tjr\ta5

80000400 <sized>:
80000400:\tsub\tsp,sp,a5

80010100 <far>:
80010100:\tadd\tsp,sp,-64
80010102:\tjr\tra
`;
  const read = readDisassembly(riscv);
  expect([...read.values()].map(({ name, bytes, unknown }) => [name, bytes, unknown])).toEqual([
    ['entry', 32, undefined],
    ['near', 16, undefined],
    ['indirect', 0, 'jr a5'],
    ['sized', 0, 'sub sp,sp,a5'],
    ['far', 64, undefined],
  ]);
  const symbols = [...read.values()].map(({ name, address }) => ({ name, address, bytes: 8, section: 1 }));
  expect(linkedStackBound([], read, { sections: [], symbols }, 'entry')).toEqual({ bytes: 32 + 16 + 64 });
});

it('reads Xtensa: frames of windows, calls, and functions in two parts', () => {
  const xtensa = `
00002400 <outer>:
    2400:\tentry\ta1, 48
    2403:\tl32r\ta8, 23fc <.literal+0x4> (40000 <__etext+0x3d83c>)
    2406:\tbnei\ta2, -1, 240c <outer+0xc>
    2409:\tcall8\t2440 <copy>
    240c:\tretw.n

00002420 <copy_tail>:
    2420:\t.byte\t00
    2421:\tloopnez\ta4, 2429 <copy_tail+0x9>
    2424:\ts8i\ta6, a5, 0
    2427:\tj\t2446 <copy+0x6>

00002440 <copy>:
    2440:\tentry\ta1, 16
    2443:\tbbsi\ta2, 0, 2421 <copy_tail+0x1>
    2446:\tretw.n

00002460 <indirect>:
    2460:\tentry\ta1, 32
    2463:\tcallx8\ta8

00002480 <sized>:
    2480:\tentry\ta1, 32
    2483:\tmovsp\ta1, a8
`;
  const read = readDisassembly(xtensa);
  expect([...read.values()].map(({ name, bytes, unknown }) => [name, bytes, unknown])).toEqual([
    ['outer', 48, undefined],
    ['copy_tail', 0, undefined],
    ['copy', 16, undefined],
    ['indirect', 32, 'callx8 a8'],
    ['sized', 32, 'movsp a1, a8'],
  ]);
  const symbols = [...read.values()].map(({ name, address }) => ({ name, address, bytes: 8, section: 1 }));
  expect(linkedStackBound([], read, { sections: [], symbols }, 'outer')).toEqual({ bytes: 48 + 16 });
});

it('bounds the deepest path; the frame sizes of the compiler come first', () => {
  expect(linkedStackBound([], functions, elf, 'entry')).toEqual({ bytes: 40 + 316 });
  const graph = 'node: { title: "x.c:helper" label: "helper\\nx.c:1:1\\n300 bytes (static)\\n0 dynamic objects" }';
  expect(linkedStackBound([graph], functions, elf, 'entry')).toEqual({ bytes: 340 });
  expect(linkedStackBound([], functions, elf, 'jumps')).toEqual({ notBounded: 'indirect: blx r3' });
  expect(linkedStackBound([], functions, elf, 'sized')).toEqual({ notBounded: 'sized: sub sp, r3' });
  expect(linkedStackBound([], functions, elf, 'none')).toEqual({ notBounded: 'none is not in the program' });
});
