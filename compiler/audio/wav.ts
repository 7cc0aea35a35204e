/** Sound files: WAV (RIFF), 16-bit PCM, one channel. */
import { fail } from '../diagnostics/diagnostic.js';

export interface Sound {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

const FORMAT_NAMES: Readonly<Record<number, string>> = { 1: 'PCM', 3: 'float', 6: 'A-law', 7: 'mu-law' };
/** WAVE_FORMAT_EXTENSIBLE: the format proper is the first word of a GUID. */
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file of 16-bit samples. Chunks that it does not know are passed over.
 * @throws CompileError NC0740 when it is no such file, is cut off, or has another form or rate
 */
export function readWav(fileName: string, bytes: Uint8Array, sampleRate: number): Sound {
  const refuse = (because: string, help?: string): never =>
    fail({
      code: 'NC0740',
      message: `${fileName} is no sound that the front end takes`,
      expected: `WAV, 16-bit PCM, one channel, ${sampleRate} Hz`,
      because,
      ...(help === undefined ? {} : { help }),
    });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = (at: number) => buffer.subarray(at, at + 4).toString('latin1');
  if (mark(0) !== 'RIFF' || mark(8) !== 'WAVE') return refuse('it does not begin with "RIFF" and "WAVE"');
  let format: { code: number; channels: number; rate: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= buffer.length; ) {
    const size = buffer.readUInt32LE(at + 4);
    const body = buffer.subarray(at + 8, at + 8 + size);
    if (mark(at) === 'fmt ') {
      if (body.length < 16) return refuse(`its "fmt " chunk has ${body.length} bytes, not 16`);
      const code = body.readUInt16LE(0);
      format = {
        code: code === EXTENSIBLE && body.length >= 26 ? body.readUInt16LE(24) : code,
        channels: body.readUInt16LE(2),
        rate: body.readUInt32LE(4),
        bits: body.readUInt16LE(14),
      };
    } else if (mark(at) === 'data') {
      if (format === undefined) return refuse('its "data" chunk comes before its "fmt " chunk');
      const { code, channels, rate, bits } = format;
      const convert = `convert it: sox ${fileName} -b 16 -c 1 -r ${sampleRate} out.wav`;
      if (code !== 1 || bits !== 16)
        return refuse(`it has ${bits}-bit ${FORMAT_NAMES[code] ?? `format ${code}`} samples`, convert);
      if (channels !== 1) return refuse(`it has ${channels} channels`, convert);
      if (rate !== sampleRate) return refuse(`it has ${rate} Hz`, convert);
      // Programs that write to a pipe do not know the length: they write about the largest one.
      const open = size >= 0x7ff00000;
      if (body.length < size && !open)
        return refuse(`it is cut off: ${size} bytes of sound are announced, ${body.length} are there`);
      const samples = new Int16Array(Math.floor(body.length / 2));
      for (let i = 0; i < samples.length; i += 1) samples[i] = body.readInt16LE(2 * i);
      return { sampleRate, samples };
    }
    // Chunks begin at even bytes.
    at += 8 + size + (size % 2);
  }
  return refuse(format === undefined ? 'it has no "fmt " chunk' : 'it has no "data" chunk');
}
