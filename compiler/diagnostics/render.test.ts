import { describe, expect, it } from 'vitest';
import type { Diagnostic } from './diagnostic.js';
import { renderDiagnostics } from './render.js';
import { didYouMean } from './suggest.js';

const full: Diagnostic = {
  code: 'NC0204',
  severity: 'error',
  message: 'Conv: 3 input channels do not fit',
  node: '"conv" (Conv, opset 17)',
  expected: '4 channels',
  because: 'one\ntwo',
  help: 'export again',
};

describe('diagnostics as text', () => {
  it('has the message first, what belongs to it indented, help last', () => {
    expect(renderDiagnostics([full], { color: false })).toBe(
      [
        'error[NC0204]: Conv: 3 input channels do not fit',
        '   node      "conv" (Conv, opset 17)',
        '   expected  4 channels',
        '   because   one',
        '             two',
        'help: export again',
      ].join('\n'),
    );
  });

  it('is coloured only when asked', () => {
    expect(renderDiagnostics([full], { color: true })).toContain('\u001b[31merror[NC0204]');
    expect(renderDiagnostics([full], { color: false })).not.toContain('\u001b');
  });

  it('lets no control character of a model through', () => {
    const hostile: Diagnostic = { code: 'NC0202', severity: 'error', message: 'a\u001b[2Jb\u0007c\u009b' };
    expect(renderDiagnostics([hostile], { color: false })).toBe('error[NC0202]: a\\x1b[2Jb\\x07c\\x9b');
  });

  it('counts what is beyond the limit', () => {
    const many = [full, full, full].map((each) => ({ ...each, node: undefined }) as unknown as Diagnostic);
    const text = renderDiagnostics(many, { color: false, limit: 2 });
    expect(text.match(/error\[/g)).toHaveLength(2);
    expect(text).toContain('... and 1 more of severity error');
  });
});

describe('did you mean', () => {
  it.each([
    ['Konv', 'Conv'],
    ['bais', 'bias'],
    ['cortex-m44', 'cortex-m4'],
    ['maxram', 'maxRam'],
    ['zzzz', undefined],
  ])('%s: %s', (name, expected) => {
    expect(didYouMean(name, ['Conv', 'bias', 'cortex-m4', 'maxRam', 'Reshape'])).toBe(expected);
  });
});
