/** The kernel options of Conv and of MatMul with several rows for RV32IM cores. */
import type { LowerContext } from '../../ops/define.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { type ConvMaker, convOption, type MakerOf, matmulOption } from '../packed/conv-call.js';
import { paddedInner } from '../packed/stream.js';
import { generateConv } from './conv.js';
import { rv32 } from './core.js';

/** Pairs of pixels at a time: the third costs half as much scratch again for some 5 % of the instructions. */
function pairsChoices({ optimize }: LowerContext): readonly number[] {
  return optimize === 'speed' ? [3, 2, 1] : [2, 1];
}

/** Instructions of two channels for all pixels, nearly. */
function costOf(pairs: number, pixels: number, { inner }: StreamLayer): number {
  const blocks = Math.ceil(pixels / (2 * pairs));
  return blocks * ((paddedInner(inner) / 4) * (8 + 26 * pairs) + 44 * pairs + 20);
}

function makerFor(pairs: number): ConvMaker {
  return { core: rv32(pairs), together: 2 * pairs, generate: (shape) => generateConv(pairs, shape) };
}

const makerOf: MakerOf = (context, pixels, layer) =>
  makerFor(
    pairsChoices(context).reduce((best, choice) =>
      costOf(choice, pixels, layer) < costOf(best, pixels, layer) ? choice : best,
    ),
  );

export const rv32Conv = convOption('rv32', 'riscv', makerOf);
export const rv32Matmul = matmulOption('rv32', 'riscv', makerOf);
/** A pair of pixels at a time: the least scratch, for some 13 % of the instructions. */
export const rv32ConvOfPairs = convOption('rv32_by2', 'riscv', () => makerFor(1));
export const rv32MatmulOfPairs = matmulOption('rv32_by2', 'riscv', () => makerFor(1));
