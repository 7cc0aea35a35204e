/** Instructions of the Winograd kernel: its assembly counted in its own text, with what the C compiler makes of the rest. */
import { assemblyNamed, assemblyOf, executed, innerRounds } from '../assembly-count.js';
import { type CostView, windowSizes } from '../cost-view.js';
import { WINOGRAD_UNROLL } from './winograd-assembly.js';

/** Positions of a tile. */
const POSITIONS = 16;
/** Around a block; for a segment's call; a byte that is clamped. */
const GLUE = { block: 40, segment: 12, clamp: 9 };

export function winogradCost(view: CostView): number {
  const { call } = view;
  const { batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = windowSizes(view);
  const inner = { 1: POSITIONS, 2: innerRounds(inChannels / 4, WINOGRAD_UNROLL) };
  const segments = [...((view.constant('segments') as Int32Array | undefined) ?? [])];
  const fixed = [...assemblyOf(call)].find(([name]) => /_shift\d+$/.test(name))?.[1];
  const exact = [...assemblyOf(call)].find(([name]) => name.endsWith('_exact'))?.[1];
  let products = 0;
  for (let i = 0; i < segments.length; i += 4) {
    const next = segments[i + 5] ?? outChannels;
    const pairs = Math.max(1, Math.ceil((next - segments[i + 1]!) / 2));
    products += executed((segments[i] === 0 ? fixed : exact)!, { ...inner, 4: pairs }) + GLUE.segment;
  }
  const inputs = executed(assemblyNamed(call, /_inputs$/), { 1: inChannels / 4 });
  const clamped = call.function.endsWith('_clamp') ? 8 * GLUE.clamp * outChannels : 0;
  const [padTop = 0, padLeft = 0] = view.ints('pads');
  const inside = (out: number, step: number, span: number, pad: number, size: number) =>
    Array.from({ length: out / step }, (_, i) => step * i - pad).filter((at) => at >= 0 && at + span <= size).length;
  const blocks = (batches * outHeight * outWidth) / 8;
  const whole = batches * inside(outHeight, 2, 4, padTop, inHeight) * inside(outWidth, 4, 6, padLeft, inWidth);
  const window = 120 + 24 * inChannels * 0.7;
  return blocks * (inputs + products + clamped + GLUE.block) + (blocks - whole) * window;
}
