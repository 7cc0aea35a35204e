import { describe, expect, it } from 'vitest';
import { CompileError } from '../diagnostics/diagnostic.js';
import { readWav } from './wav.js';

interface Form {
  code?: number;
  channels?: number;
  rate?: number;
  bits?: number;
}

function chunk(mark: string, body: Buffer, announced = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(mark, 'latin1');
  head.writeUInt32LE(announced, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function format({ code = 1, channels = 1, rate = 16000, bits = 16 }: Form = {}): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(code, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt16LE(bits, 14);
  return chunk('fmt ', body);
}

const pcm = Buffer.from(Int16Array.of(1, -2, 32767, -32768).buffer);

function wav(...chunks: Buffer[]): Buffer {
  const body = Buffer.concat(chunks);
  const head = Buffer.from('RIFF    WAVE', 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

describe('a WAV file', () => {
  it('gives its samples, and passes over chunks that it does not know', () => {
    const { samples } = readWav('a.wav', wav(chunk('LIST', Buffer.from('odd')), format(), chunk('data', pcm)), 16000);
    expect([...samples]).toEqual([1, -2, 32767, -32768]);
  });

  it('may say by WAVE_FORMAT_EXTENSIBLE that it is PCM', () => {
    const body = Buffer.alloc(40);
    format({ code: 0xfffe }).copy(body, 0, 8, 24);
    body.writeUInt16LE(1, 24);
    const { samples } = readWav('a.wav', wav(chunk('fmt ', body), chunk('data', pcm)), 16000);
    expect(samples).toHaveLength(4);
  });

  it('may come from a pipe, whose length is not known', () => {
    const { samples } = readWav('a.wav', wav(format(), chunk('data', pcm, 0x7ffff000)), 16000);
    expect(samples).toHaveLength(4);
  });

  it.each<[string, Buffer, RegExp]>([
    ['no RIFF', Buffer.from('ID3 this is an mp3'), /does not begin with "RIFF"/],
    ['nothing', Buffer.alloc(0), /does not begin with "RIFF"/],
    ['no format', wav(chunk('LIST', Buffer.from('nothing'))), /no "fmt " chunk/],
    ['no sound', wav(format()), /no "data" chunk/],
    ['sound before its format', wav(chunk('data', pcm), format()), /before its "fmt " chunk/],
    ['a short format', wav(chunk('fmt ', Buffer.alloc(8)), chunk('data', pcm)), /has 8 bytes, not 16/],
    ['two channels', wav(format({ channels: 2 }), chunk('data', pcm)), /it has 2 channels/],
    ['another rate', wav(format({ rate: 44100 }), chunk('data', pcm)), /it has 44100 Hz/],
    ['other bits', wav(format({ bits: 24 }), chunk('data', pcm)), /it has 24-bit PCM samples/],
    ['floats', wav(format({ code: 3, bits: 32 }), chunk('data', pcm)), /it has 32-bit float samples/],
    ['a form that nobody knows', wav(format({ code: 85 }), chunk('data', pcm)), /16-bit format 85 samples/],
    ['less than it says', wav(format(), chunk('data', pcm, 10)), /10 bytes of sound are announced, 8 are there/],
  ])('is refused with %s', (_, bytes, because) => {
    try {
      readWav('a.wav', bytes, 16000);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      const [{ code, because: text, expected }] = (error as CompileError).diagnostics as [
        CompileError['diagnostics'][0],
      ];
      expect(code).toBe('NC0740');
      expect(text).toMatch(because);
      expect(expected).toContain('16000 Hz');
    }
  });
});
