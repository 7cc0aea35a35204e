import { describe, expect, it } from 'vitest';
import { CompileError } from '../diagnostics/diagnostic.js';
import { parseFrontEnd } from './parse.js';

const parse = (document: object | string) =>
  parseFrontEnd({ fileName: 'audio.json', text: typeof document === 'string' ? document : JSON.stringify(document) });

describe('audio.json', () => {
  it('has the defaults of microWakeWord', () => {
    expect(parse({})).toMatchObject({ windowSize: 480, stride: 160, fftSize: 512, channels: 40, scale: 0.0390625 });
  });

  it('may ask for a larger transform', () => {
    expect(parse({ fftSize: 1024 }).fftSize).toBe(1024);
  });

  it.each<[string, object | string, RegExp]>([
    ['no JSON', '{', /JSON/],
    ['an unknown key', { hopMs: 10 }, /hopMs/],
    ['a wrong type', { channels: 'forty' }, /channels/],
    ['a stride that leaves samples out', { windowMs: 10, strideMs: 20 }, /strideMs is more than windowMs/],
    ['a stride of no sample', { strideMs: 0.01 }, /less than one sample/],
    ['no power of two', { fftSize: 600 }, /power of two/],
    ['a transform that is too small', { fftSize: 256 }, /less than the 480 samples/],
    ['a window that is too long', { windowMs: 500 }, /power of two from 16 to 4096/],
    ['frequencies the wrong way round', { lowerHz: 8000, upperHz: 100 }, /lowerHz is not below upperHz/],
    ['frequencies that the sound has not', { upperHz: 8001 }, /more than half of sampleRate, 8000/],
    ['a channel above the last bin', { upperHz: 8000 }, /above the last bin/],
    ['PCAN without an estimate', { noiseReduction: false }, /needs the noise estimate/],
    ['PCAN whose gain leaves 16 bits', { pcan: { strength: 2, offset: 1 } }, /too steeply for the 16 bits/],
    ['channels between two bins', { lowerHz: 7000, upperHz: 7001 }, /no bin of the transform, one every 31.25 Hz/],
    ['a scale that float32 does not have', { scale: 1e-50 }, /no float32 above 0/],
    ['PCAN whose gain leaves 32 bits', { pcan: { gainBits: 15 } }, /gainBits has to be from 19 to 31/],
    [
      'PCAN whose estimate is too coarse',
      { noiseReduction: { smoothingBits: 2 } },
      /smoothingBits has to be 3 at least/,
    ],
  ])('is refused with %s', (_, document, because) => {
    try {
      parse(document);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      const [{ code, because: text }] = (error as CompileError).diagnostics as [CompileError['diagnostics'][0]];
      expect(code).toBe('NC0738');
      expect(text).toMatch(because);
    }
  });
});
