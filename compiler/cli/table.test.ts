import { describe, expect, it } from 'vitest';
import { fillParagraphs } from './paragraphs.js';
import { renderFields, renderTable } from './table.js';

describe('tables', () => {
  it('align text to the left and numbers to the right', () => {
    const columns = [{ title: 'name' }, { title: 'bytes', align: 'right' as const }];
    expect(
      renderTable(columns, [
        ['a', '5'],
        ['longer', '12345'],
      ]),
    ).toBe(['name    bytes', '──────  ─────', 'a           5', 'longer  12345', ''].join('\n'));
  });

  it('do not count colour codes as width', () => {
    const table = renderTable(
      [{ title: 'a' }, { title: 'b' }],
      [
        ['\u001b[32mok\u001b[39m', 'x'],
        ['none', 'y'],
      ],
    );
    expect(table.split('\n')[2]).toBe('\u001b[32mok\u001b[39m    x');
  });

  it('wrap the last column to the width of the terminal', () => {
    const table = renderTable([{ title: 'n' }, { title: 'text' }], [['1', 'one two three four five six seven']], {
      width: 28,
    });
    expect(table).toBe(
      ['n  text', `─  ${'─'.repeat(25)}`, '1  one two three four five', '   six seven', ''].join('\n'),
    );
  });

  it('are as narrow as their longest cell', () => {
    expect(renderTable([{ title: 'a' }, { title: 'b' }], [['1', '2']], { width: 200 }).split('\n')[1]).toBe('─  ─');
  });

  it('fields have their values in one column, further lines under them', () => {
    expect(
      renderFields([
        ['a', '1'],
        ['long', 'x\ny'],
      ]),
    ).toBe('a     1\nlong  x\n      y\n');
  });
});

describe('paragraphs', () => {
  it('are filled to the width, lists and code are left alone', () => {
    const text = 'one two three four\nfive six\n\n- a list that is longer than that\n\n    code';
    expect(fillParagraphs(text, 14)).toBe(
      'one two three\nfour five six\n\n- a list that is longer than that\n\n    code',
    );
  });
});
