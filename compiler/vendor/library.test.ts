import { describe, expect, it } from 'vitest';
import { definitionsOf, type Library, missingFrom, sourcesOf } from './library.js';
import { hashed } from './read-library.js';

const file = (path: string, content: string) => ({ path, content });

function library(...files: { path: string; content: string }[]): Library {
  return hashed({
    ...{ name: 'cmsis-nn', version: '1', law: 'tflite-single', defines: [], includeDirectories: ['Include'] },
    files,
  });
}

const copy = library(
  file(
    'Include/all.h',
    'int32_t outer(const int32_t *x, int32_t n);\nstatic inline int32_t small(void) { return 1; }\n',
  ),
  file(
    'Source/outer.c',
    [
      '/* not_me(int x) { */',
      '#define ALSO_NOT_ME(x) \\',
      '  int by_macro(x) {',
      'static int32_t hidden(int32_t x) { return x; }',
      '__STATIC_INLINE int32_t hidden_too(int32_t x)',
      '{',
      '  return x;',
      '}',
      '__attribute__((optimize("no-unroll-loops"))) int32_t',
      'outer(const int32_t *x,',
      '      int32_t n)',
      '{',
      '  if (n > 0) { return inner(x, n) + table[0]; }',
      '  return hidden(n);',
      '}',
    ].join('\n'),
  ),
  file('Source/inner.c', 'int32_t inner(const int32_t *x, int32_t n) { return x[n]; } // uses unrelated\n'),
  file('Source/tables.c', 'const int32_t table[2] = {1, 2};\n'),
  file('Source/unrelated.c', 'void unrelated(void) {}\n'),
);

describe('a library', () => {
  it('is known by the functions and tables that its sources define', () => {
    expect([...definitionsOf(copy).keys()].sort()).toEqual(['inner', 'outer', 'table', 'unrelated']);
    expect(missingFrom(copy, ['outer', 'small', 'absent'])).toEqual(['small', 'absent']);
  });

  it('gives the sources of a function and of all that it refers to', () => {
    const paths = (names: string[]) => sourcesOf(copy, names).map(({ path }) => path);
    expect(paths(['outer'])).toEqual(['Source/inner.c', 'Source/outer.c', 'Source/tables.c']);
    expect(paths(['unrelated', 'absent'])).toEqual(['Source/unrelated.c']);
  });

  it('has a hash of its files, their paths and its macros', () => {
    const one = library(file('a.c', 'x'), file('b.c', 'y'));
    const same = library(file('a.c', 'x'), file('b.c', 'y'));
    const moved = library(file('a.c', 'xb'), file('.c', 'y'));
    expect(same.sha256).toBe(one.sha256);
    expect(moved.sha256).not.toBe(one.sha256);
    expect(hashed({ ...one, defines: ['A'] }).sha256).not.toBe(one.sha256);
  });
});
