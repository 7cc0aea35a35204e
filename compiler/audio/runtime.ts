/** The parts of the runtime that a front end needs. */
import type { Needed } from '../phases/6-emit/runtime-files.js';
import type { AudioPlan } from './plan.js';

export function audioRuntime({
  frontEnd,
  quantization,
}: Pick<AudioPlan, 'frontEnd' | 'quantization'>): readonly Needed[] {
  const parts = [
    'window',
    'fft',
    'mel',
    ...(frontEnd.noiseReduction === false ? [] : ['noise_reduce']),
    ...(frontEnd.pcan === false ? [] : ['pcan']),
    ...(frontEnd.log === false ? [] : ['log']),
    quantization === undefined ? 'quantize_f32' : 'quantize_s8',
  ];
  return [{ header: 'nanoc/audio.h', sources: parts.map((part) => `portable/nanoc_audio_${part}.c`) }];
}
