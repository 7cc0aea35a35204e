/** `<name>_audio.h` and `.c`: sound in, the model run as its frames come. `<name>_front_end.h` and `.c`: its features by themselves. */
import { correctionBits, type FrontEnd, noiseShares, snrShift } from '../../audio/front-end.js';
import type { AudioPlan } from '../../audio/plan.js';
import { logTable, melTable, pcanTable, realTwiddleTable, twiddleTable, windowTable } from '../../audio/tables.js';
import type { EmittedFile } from '../../compilation.js';
import type { TensorData } from '../../ir/tensor.js';
import type { EmitContext } from './context.js';
import type { EmitHost } from './host.js';
import { ctypeOf, elementLiterals, floatLiteral, wrap } from './literals.js';
import { portView } from './ports.js';
import { render } from './templates.js';

export function audioFiles(context: EmitContext): EmittedFile[] {
  const { audio } = context.compilation;
  if (audio === undefined) return [];
  const { host, name, macro } = context;
  const port = context.inputs.find(({ value }) => value.name === audio.input)!;
  const input = portView(context, port);
  const view = { name, macro, input, cast: input.ctype === 'uint8_t', ...audioView(audio) };
  const loop = ['h', 'c'].map((kind) => ({
    path: `${name}_audio.${kind}`,
    content: render(host, `audio.${kind}`, view),
  }));
  return [...loop, ...frontEndFiles(name, audio, host)];
}

/** The front end alone: samples to one row of the model's input. */
export function frontEndFiles(
  name: string,
  plan: Pick<AudioPlan, 'frontEnd' | 'quantization'>,
  host: EmitHost,
): EmittedFile[] {
  const view = { name, macro: name.toUpperCase(), ...frontEndView(plan) };
  return ['h', 'c'].map((kind) => ({
    path: `${name}_front_end.${kind}`,
    content: render(host, `front-end.${kind}`, view),
  }));
}

function audioView({ frontEnd, rows, step, warmUp }: AudioPlan): object {
  const milliseconds = (frames: number) => (1000 * frames * frontEnd.stride) / frontEnd.sampleRate;
  return {
    ...{ rows, step, kept: rows - step, slides: rows > step, warmUp: warmUp > 0 && String(warmUp) },
    first: frontEnd.windowSize + (rows - 1 + warmUp * step) * frontEnd.stride,
    every: step * frontEnd.stride,
    milliseconds: Number(milliseconds(step).toFixed(3)),
  };
}

function frontEndView({ frontEnd, quantization }: Pick<AudioPlan, 'frontEnd' | 'quantization'>): object {
  const { windowSize, stride, fftSize, channels, noiseReduction, pcan, log, sampleRate, scale } = frontEnd;
  const mel = melTable(frontEnd);
  const bins = fftSize / 2;
  const array = (symbol: string, data: TensorData) => ({
    ...{ symbol, ctype: ctypeOf(data), length: data.length, elements: wrap(elementLiterals(data), '    ') },
  });
  const points = (symbol: string, data: Int16Array) => {
    const pairs = Array.from({ length: data.length / 2 }, (_, i) => `{${data[2 * i]}, ${data[2 * i + 1]}}`);
    return { symbol, ctype: 'nanoc_bin', length: pairs.length, elements: wrap(pairs, '    ') };
  };
  const noise =
    noiseReduction === false ? false : { ...noiseShares(noiseReduction), bits: noiseReduction.smoothingBits };
  return {
    ...{ sampleRate, windowSize, stride, channels, bins, bits: Math.log2(bins), firstBin: mel.start },
    ...{ noise, pcan: pcan !== false && String(snrShift(frontEnd, pcan.gainBits)) },
    log: log !== false && { scaleShift: log.scaleShift, correction: correctionBits(frontEnd) },
    quantized: quantization !== undefined && {
      count: quantization.thresholds.length,
      zeroPoint: quantization.zeroPoint,
    },
    scale: floatLiteral(Math.fround(scale)),
    description: describe(frontEnd),
    arrays: [
      array('window', windowTable(windowSize)),
      points('twiddles', twiddleTable(bins)),
      points('real_twiddles', realTwiddleTable(bins)),
      array('widths', mel.widths),
      array('weights', mel.weights),
      array('unweights', mel.unweights),
      ...(pcan === false || noiseReduction === false
        ? []
        : [array('gains', pcanTable(pcan, noiseReduction.smoothingBits - correctionBits(frontEnd)))]),
      ...(log === false ? [] : [array('logs', logTable())]),
      ...(quantization === undefined ? [] : [array('thresholds', quantization.thresholds)]),
    ],
  };
}

function describe({
  windowSize,
  stride,
  sampleRate,
  fftSize,
  channels,
  lowerHz,
  upperHz,
  ...parts
}: FrontEnd): string[] {
  const rest = [
    parts.noiseReduction === false ? '' : 'noise reduction',
    parts.pcan === false ? '' : 'PCAN gain',
    parts.log === false ? '' : 'logarithm',
  ].filter((part) => part !== '');
  return [
    `${sampleRate} Hz, windows of ${windowSize} samples every ${stride}, transform of ${fftSize} points`,
    `${channels} mel channels from ${lowerHz} to ${upperHz} Hz${rest.length === 0 ? '' : `, ${rest.join(', ')}`}`,
  ];
}
