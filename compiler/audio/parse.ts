/** Reads `audio.json` and works out what it leaves open. */
import { z } from 'zod';
import { fail } from '../diagnostics/diagnostic.js';
import { correctionBits, type FrontEnd, snrShift } from './front-end.js';
import { type FrontEndParameters, frontEndSchema } from './schema.js';
import { melTable, pcanFits } from './tables.js';

/** A front end's file, by its name (for messages) and its text. */
export interface AudioSource {
  readonly fileName: string;
  readonly text: string;
}

/** Sizes of transforms. */
const [SMALLEST, LARGEST] = [16, 4096];
/** Shifts of gain times signal for which the product fits into 32 bits: an amplitude has 21 bits at most, a gain 15. */
const SNR_SHIFTS = { least: 4, most: 31 };

/** @throws CompileError NC0738 when it is no JSON, or describes no front end */
export function parseFrontEnd({ fileName, text }: AudioSource): FrontEnd {
  const wrong = (because: string): never =>
    fail({ code: 'NC0738', message: `${fileName} does not describe an audio front end`, because });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return wrong((error as Error).message);
  }
  const parsed = frontEndSchema.safeParse(document);
  if (!parsed.success) return wrong(z.prettifyError(parsed.error));
  const frontEnd = withSizes(parsed.data);
  const problems = problemsOf(frontEnd);
  return problems.length > 0 ? wrong(problems.join('\n')) : frontEnd;
}

/** As microfrontend: whole samples, rounded down. */
function withSizes(parameters: FrontEndParameters): FrontEnd {
  const samples = (ms: number) => Math.floor((ms * parameters.sampleRate) / 1000);
  const [windowSize, stride] = [samples(parameters.windowMs), samples(parameters.strideMs)];
  let fftSize = parameters.fftSize ?? SMALLEST;
  while (parameters.fftSize === undefined && fftSize < windowSize) fftSize *= 2;
  return { ...parameters, windowSize, stride, fftSize };
}

function problemsOf(frontEnd: FrontEnd): string[] {
  const { windowSize, stride, fftSize, lowerHz, upperHz, sampleRate, scale } = frontEnd;
  const problems: string[] = [];
  if (stride < 1 || windowSize < 1) problems.push('strideMs and windowMs are less than one sample');
  if (stride > windowSize) problems.push('strideMs is more than windowMs: samples between the windows would be lost');
  if (fftSize < SMALLEST || fftSize > LARGEST || !Number.isInteger(Math.log2(fftSize)))
    problems.push(`fftSize is ${fftSize}: it has to be a power of two from ${SMALLEST} to ${LARGEST}`);
  if (fftSize < windowSize) problems.push(`fftSize is ${fftSize}, less than the ${windowSize} samples of a window`);
  if (lowerHz >= upperHz) problems.push('lowerHz is not below upperHz');
  if (upperHz > sampleRate / 2) problems.push(`upperHz is more than half of sampleRate, ${sampleRate / 2}`);
  const single = Math.fround(scale);
  if (single === 0 || !Number.isFinite(single)) problems.push(`scale is ${scale}, which no float32 above 0 is`);
  if (problems.length > 0) return problems;
  return [...problemsOfGain(frontEnd), ...problemsOfChannels(frontEnd)];
}

function problemsOfGain(frontEnd: FrontEnd): string[] {
  const { noiseReduction, pcan } = frontEnd;
  if (pcan === false) return [];
  if (noiseReduction === false) return ['pcan needs the noise estimate of noiseReduction'];
  const inputBits = noiseReduction.smoothingBits - correctionBits(frontEnd);
  if (inputBits < 0) return [`noiseReduction.smoothingBits has to be ${correctionBits(frontEnd)} at least for pcan`];
  const shift = snrShift(frontEnd, pcan.gainBits);
  const [least, most] = [SNR_SHIFTS.least, SNR_SHIFTS.most].map((limit) => pcan.gainBits - shift + limit);
  if (shift < SNR_SHIFTS.least || shift > SNR_SHIFTS.most)
    return [`pcan.gainBits has to be from ${least} to ${Math.min(31, most!)}`];
  return pcanFits(pcan, inputBits)
    ? []
    : [
        'the gain falls too steeply for the 16 bits of its table: lower pcan.strength or pcan.gainBits, or raise pcan.offset',
      ];
}

function problemsOfChannels(frontEnd: FrontEnd): string[] {
  const { fftSize, lowerHz, upperHz, sampleRate } = frontEnd;
  const { start, weights } = melTable(frontEnd);
  if (weights.length === 0)
    return [`no bin of the transform, one every ${sampleRate / fftSize} Hz, lies between ${lowerHz} and ${upperHz} Hz`];
  return start + weights.length > fftSize / 2 ? ['the highest channel ends above the last bin: lower upperHz'] : [];
}
