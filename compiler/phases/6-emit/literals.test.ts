import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import {
  COLUMNS,
  commentText,
  elementLiterals,
  floatLiteral,
  intLiteral,
  wrap,
  wrapCall,
  wrapComment,
} from './literals.js';

describe('literals', () => {
  it('writes integers that C reads as the same value', () => {
    expect(intLiteral(-128)).toBe('-128');
    expect(intLiteral(-2147483648)).toBe('INT32_MIN');
    expect(intLiteral(4294967295)).toBe('4294967295u');
    expect(elementLiterals(BigInt64Array.of(-(2n ** 63n), 5n))).toEqual(['INT64_MIN', 'INT64_C(5)']);
    expect(elementLiterals(BigUint64Array.of(2n ** 64n - 1n))).toEqual(['UINT64_C(18446744073709551615)']);
    expect(() => intLiteral(0.5)).toThrow(/invariant/);
  });

  it('writes floats as short as they can be', () => {
    expect(floatLiteral(Math.fround(0.1))).toBe('0.1f');
    expect(floatLiteral(1)).toBe('1.0f');
    expect(floatLiteral(-0)).toBe('-0.0f');
    expect(floatLiteral(2 ** -149)).toBe('1e-45f');
    expect(floatLiteral(Number.POSITIVE_INFINITY)).toBe('NANOC_INFINITY');
    expect(floatLiteral(Number.NEGATIVE_INFINITY)).toBe('-NANOC_INFINITY');
    expect(floatLiteral(Number.NaN)).toBe('NANOC_NAN');
    expect(() => floatLiteral(0.1)).toThrow(/invariant/);
  });

  it('writes floats that a C compiler reads as the same bits', async () => {
    const random = new Random(7);
    const bits = Uint32Array.from({ length: 3000 }, () => random.integer(0, 0xffffffff));
    bits.set([1, 0x7fffff, 0x800000, 0x7f7fffff, 0x3f800001, 0x4b7fffff, 0x4b000001, 0x80000001]);
    const floats = [...new Float32Array(bits.buffer)].filter((x) => Number.isFinite(x));
    const folder = await mkdtemp(join(tmpdir(), 'nanoc-literals-'));
    try {
      const array = wrap(floats.map(floatLiteral), '  ');
      const main = `#include <stdio.h>\n#include <string.h>\nstatic const float values[] = {\n${array}\n};
int main(void) { fwrite(values, 4, sizeof values / 4, stdout); return 0; }\n`;
      await writeFile(join(folder, 'main.c'), main);
      await execa('cc', ['-std=c99', '-Wall', '-Werror', 'main.c', '-o', 'main'], { cwd: folder });
      const { stdout } = await execa('./main', [], { cwd: folder, encoding: 'buffer' });
      const read = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength));
      expect(read).toEqual(Float32Array.from(floats));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('layout', () => {
  it('wraps lists and calls within the columns', () => {
    const items = Array.from({ length: 300 }, (_, i) => String(i * 37));
    const lines = wrap(items, '  ').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(COLUMNS);
    expect(lines.join(' ').replaceAll(' ', '')).toBe(`${items.join(',')},`);
    const args = [
      '(const void *)&arena[A_LONG_NAME_OFFSET]',
      '(void *)&arena[ANOTHER_LONG_NAME_OFFSET]',
      '&long_params',
    ];
    const call = wrapCall('      nanoc_conv_s8', args, '      ');
    expect(call.split('\n').every((line) => line.length <= COLUMNS)).toBe(true);
    expect(call.replace(/\s+/g, '')).toBe(`nanoc_conv_s8(${args.join(',')});`.replace(/\s+/g, ''));
  });

  it('keeps every character of a long name in a comment, within the columns', () => {
    const name = Array.from({ length: 12 }, (_, i) => `functional_1/activation_${i}/Relu`).join(';');
    const comment = wrapComment(`"${name}" Conv`, '  ');
    expect(comment.split('\n').every((line) => line.length <= COLUMNS)).toBe(true);
    expect(comment.replace(/\n +\* /g, '')).toContain(name);
  });

  it('lets no name end a comment or reach the preprocessor', () => {
    expect(commentText('a */ b')).toBe('a * / b');
    expect(commentText('a /* b')).toBe('a / * b');
    expect(commentText('a\nb\u00e9')).toBe('a?b?');
    expect(commentText('what??/')).toBe('what? ?/');
    expect(commentText('end\\')).toBe('end\\ ');
  });
});
