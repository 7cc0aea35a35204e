import { describe, expect, it } from 'vitest';
import { ModelSketch, tensor } from '../../test/support/model-sketch.js';
import type { CompileOptions } from '../compilation.js';
import { compile } from '../index.js';
import type { Program } from '../ir/kernel-call.js';
import { isWorthIt } from './lean.js';

const Q = { scale: 0.05, zero: 3 };

/** Products of one row with constant weights: a row of widths, the input's first. */
function dense(...widths: number[]) {
  const sketch = new ModelSketch();
  sketch.input('x', 'int8', 1, widths[0]!);
  let from = 'x';
  widths.slice(1).forEach((width, i) => {
    const inner = widths[i]!;
    const weights = Array.from({ length: inner * width }, (_, k) => ((k * 37) % 61) - 30);
    sketch.constant(`w${i}`, tensor('int8', [inner, width], ...weights));
    const product = [sketch.dequantize(from, Q), sketch.dequantize(`w${i}`, { scale: 0.01, zero: 0 })];
    from = sketch.quantize(sketch.node('MatMul', product, `s${i}`), `y${i}`, Q);
  });
  return sketch.output(from, 'int8', 1, widths.at(-1)!);
}

const compiled = (sketch: ModelSketch, options: Partial<CompileOptions> = {}) =>
  compile({ fileName: 'm.onnx', bytes: sketch.bytes() }, { target: 'cortex-m0', ...options });

const areWide = ({ plan }: Awaited<ReturnType<typeof compiled>>) =>
  plan.calls.map((call) => call.function.includes('_wide'));

describe('a kernel with scratch', () => {
  it('stays where other layers need as much memory', async () => {
    const model = await compiled(dense(64, 64, 320));
    expect(areWide(model)).toEqual([true, false]);
    expect(model.plan.arenaBytes).toBe(64 + 320);
  });

  it('is exchanged where it alone makes the arena larger, and the report says why', async () => {
    const { plan } = await compiled(dense(64, 320));
    expect(plan.arenaBytes).toBe(64 + 320);
    expect(plan.calls[0]!.reason).toMatch(
      /not nanoc_matvec_v6m_64x320_\S*wide\S*: nanoc_matvec_v6m_64x320_\S+ takes 256 B less/,
    );
  });

  it('is exchanged in all layers of equal size or in none', async () => {
    const model = await compiled(dense(64, 64, 64, 64));
    expect(areWide(model)).toEqual([false, false, false]);
    expect(model.plan.arenaBytes).toBe(128);
  });

  it('stays where `nanoc tune` has measured it', async () => {
    const sketch = dense(64, 320);
    const output = (await compiled(sketch)).plan.calls[0]!.node.outputs[0]!;
    const tune = [{ output, kernel: 'nanoc_matvec_v6m_wide', candidates: [] }];
    expect(areWide(await compiled(sketch, { tune }))).toEqual([true]);
  });

  it('stays where the plan does not keep what the live sets promised', () => {
    const plan = (ram: number, instructions: number) => {
      const calls = [{ predicted: { instructions } }, {}] as unknown as Program['calls'];
      return { ram, lowered: { calls } as Program };
    };
    expect(isWorthIt(plan(1000, 1000), plan(990, 1030))).toBe(true);
    expect(isWorthIt(plan(1000, 1000), plan(990, 1040))).toBe(false);
    expect(isWorthIt(plan(1000, 1000), plan(1000, 1001))).toBe(false);
    expect(isWorthIt(plan(1000, 1000), plan(1010, 1000))).toBe(false);
  });
});
