/**
 * Random small quantized graphs: QDQ and QOperator forms, uint8 and int8, per-tensor and per-channel, odd shapes, pads,
 * strides, groups, zero points anywhere, extreme scales, branches and several outputs. A seed gives the same graph everywhere.
 */
import { elementCount } from '../../compiler/ir/tensor.js';
import type { BuilderTensor } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { GraphMaker, type Step } from './graph-maker.js';
import { elementwiseSteps } from './steps/elementwise.js';
import { movementSteps } from './steps/movement.js';
import { poolSteps } from './steps/pools.js';
import { productSteps } from './steps/products.js';

export interface FuzzModel {
  readonly seed: number;
  readonly bytes: Uint8Array;
  /** Operators in order, for the message of a failure. */
  readonly operators: readonly string[];
  readonly inputs: readonly BuilderTensor[];
}

const STEPS: readonly Step[] = [...productSteps, ...poolSteps, ...elementwiseSteps, ...movementSteps];
const OPSETS = [11, 12, 13, 13, 14, 17, 17, 18, 19, 21];
/** Larger tensors take time and find nothing more. */
const MAXIMUM_ELEMENTS = 3000;

export function generateModel(seed: number): FuzzModel {
  const random = new Random(seed);
  const maker = new GraphMaker(random, random.pick(OPSETS), random.chance(0.4));
  const dtype = random.pick(['int8', 'uint8'] as const);
  const shape = inputShape(random, maker.typical);
  maker.input(dtype, shape);
  if (random.chance(0.1)) maker.input(dtype, shape);
  const length = random.integer(1, 7);
  for (let i = 0; i < length; i += 1) addStep(maker);
  // Drawn parameters may have made no sense each time.
  while (maker.nodes.length === 0) addStep(maker);
  addOutputs(maker);
  const operators = maker.nodes.map(({ op }) => op);
  return { seed, bytes: maker.bytes(), operators, inputs: maker.inputs };
}

function inputShape(random: Random, typical: boolean): number[] {
  const batch = random.chance(0.1) ? 2 : 1;
  const wide = typical ? 24 : 9;
  const channels = () => (random.chance(0.35) ? random.pick([4, 8, 12, 16]) : random.integer(1, wide));
  const kind = random.next();
  if (kind >= 0.7 && kind < 0.85) return [batch, random.integer(1, 33)];
  if (kind >= 0.85) return [batch, channels(), random.integer(1, 12)];
  // Every graph has at least one step, and no step takes a larger tensor.
  for (;;) {
    const shape = [batch, channels(), random.integer(1, 9), random.integer(1, 9)];
    if (elementCount(shape) <= MAXIMUM_ELEMENTS) return shape;
  }
}

function addStep(maker: GraphMaker): void {
  const x = maker.recent();
  if (elementCount(x.shape) > MAXIMUM_ELEMENTS || x.shape.length > 4) return;
  const fitting = STEPS.filter((step) => step.fits(x, maker));
  let ticket = maker.random.next() * fitting.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = fitting.find(({ weight }) => (ticket -= weight) < 0) ?? fitting[0]!;
  chosen.add(x, maker);
}

/** What nothing reads is an output, now and then as float or as the index of its largest element; some others too. */
function addOutputs(maker: GraphMaker): void {
  const { random } = maker;
  const ends = maker.ends();
  for (const q of ends) {
    const kind = random.next();
    if (kind < 0.15) maker.output(maker.dequantize(q), 'float32', q.shape);
    else if (kind < 0.22 && q.shape.length > 1) {
      const axis = random.integer(1, q.shape.length - 1);
      const index = maker.node('ArgMax', [maker.dequantize(q)], { attributes: { axis, keepdims: 0 } });
      maker.output(
        index,
        'int64',
        q.shape.filter((_, i) => i !== axis),
      );
    } else if (!maker.inputs.some(({ name }) => name === q.name)) maker.output(q.name, q.dtype, q.shape);
  }
  const names = new Set([...maker.inputs, ...maker.outputs].map(({ name }) => name));
  const inner = maker.tensors.filter((q) => !names.has(q.name) && !ends.includes(q));
  if (inner.length > 0 && (maker.outputs.length === 0 || random.chance(0.1))) {
    const q = random.pick(inner);
    maker.output(q.name, q.dtype, q.shape);
  }
}
