import type { GraphEditor } from '../ir/builders.js';
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { dequantize, quantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import {
  type Axis,
  type Between,
  COORDINATE_MODES,
  linearWeights,
  NEAREST_MODES,
  nearestIndices,
} from './shared/coordinates.js';
import { isFloat } from './shared/elementwise.js';
import { leadOfSteps, type Step } from './shared/overlap.js';
import { isQuantized, perTensor, resultOf } from './shared/quantized.js';
import { resizeAxes } from './shared/resize-shape.js';
import { addReshape, addReshapeBack, withHeight } from './shared/rewrite.js';
import { elementBytes } from './shared/views.js';

const oneOf = (names: readonly string[]) => (value: unknown) =>
  names.includes(String(value)) ? undefined : `is not supported: "${value}" (supported: ${names.join(', ')})`;

/**
 * Nearest moves data. Linear, quantized: dequantize the four neighbours, interpolate in float32, quantize (docs/NUMERICS.md).
 * Canonical: [N, C, H, W], one input, attribute `scales` for H and W.
 */
export default defineOp({
  name: 'Resize',
  domain: '',
  opsets: [11, 13, 18, 19],
  summary:
    'nearest on any dimensions, linear on the last two; constant sizes or scales; not cubic, antialias or tf_crop_and_resize',
  inputs: [
    { name: 'X' },
    { name: 'roi', optional: true },
    { name: 'scales', optional: true, mustBeConstant: true },
    { name: 'sizes', optional: true, mustBeConstant: true },
  ],
  outputs: ['Y'],
  attributes: {
    mode: { type: 'string', default: 'nearest', check: oneOf(['nearest', 'linear']) },
    coordinate_transformation_mode: { type: 'string', default: 'half_pixel', check: oneOf(COORDINATE_MODES) },
    nearest_mode: { type: 'string', default: 'round_prefer_floor', check: oneOf(NEAREST_MODES) },
    keep_aspect_ratio_policy: {
      type: 'string',
      default: 'stretch',
      check: oneOf(['stretch', 'not_larger', 'not_smaller']),
    },
    axes: { type: 'ints' },
    antialias: { type: 'int', default: 0, check: (value) => (Number(value) === 0 ? undefined : 'is not supported') },
    cubic_coeff_a: { type: 'float', default: -0.75 },
    exclude_outside: { type: 'int', default: 0 },
    extrapolation_value: { type: 'float', default: 0 },
  },
  quantized: 'integer',
  behaviour: (node) => (node.attributes.mode === 'linear' ? 'integer' : 'moves-data'),
  infer: (view) => [{ dtype: view.required(0).dtype, shape: resizeAxes(view).map(({ output }) => output) }],
  normalize: normalizeResize,
  evaluate: (view, [x]) => [isNearest(view) ? evaluateNearest(view, x!) : evaluateLinear(view, x!)],
  kernels: [
    {
      function: 'nanoc_resize_nearest',
      family: 'portable',
      when: (context) => isNearest(context) || 'the mode is linear',
      build: (context) => ({ call: nearestCall(context) }),
    },
    {
      function: 'nanoc_resize_linear_s8',
      family: 'portable',
      when: (context) => isQuantized(context.required(0)) || 'the input is float32',
      build: (context) => ({ call: quantizedCall(context) }),
    },
    {
      function: 'nanoc_resize_linear_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context) }),
    },
  ],
});

function isNearest(view: NodeView): boolean {
  return view.string('mode') === 'nearest';
}

function isCanonical(view: NodeView): boolean {
  return view.node.inputs.length === 1 && view.node.attributes.scales !== undefined;
}

/** Height and width of a canonical node, in either layout. */
function spatialAxes(view: NodeView): [Axis, Axis] {
  const first = view.node.attributes.layout === 'NHWC' ? 1 : 2;
  const scales = view.node.attributes.scales as readonly number[];
  const coordinates = view.string('coordinate_transformation_mode');
  const axis = (i: number): Axis => ({
    input: view.required(0).shape[first + i]!,
    output: view.output(0).shape[first + i]!,
    scale: scales[i]!,
    coordinates,
  });
  return [axis(0), axis(1)];
}

function normalizeResize(view: NodeView, editor: GraphEditor): void {
  if (isCanonical(view)) return;
  const { node } = view;
  const axes = resizeAxes(view);
  const rank = axes.length;
  const idle = (axis: Axis) => axis.input === axis.output && axis.scale === 1;
  if ((rank !== 3 && rank !== 4) || !idle(axes[0]!) || !idle(axes[1]!)) {
    if (!isNearest(view))
      view.bad(`linear over [${view.required(0).shape}]`, {
        expected: '[N, C, L] or [N, C, H, W], with N and C unchanged',
      });
    replaceByGathers(view, editor, axes);
    return;
  }
  const spatial = rank === 3 ? [1, axes[2]!.scale] : [axes[2]!.scale, axes[3]!.scale];
  const attributes = {
    mode: view.string('mode'),
    coordinate_transformation_mode: view.string('coordinate_transformation_mode'),
    nearest_mode: view.string('nearest_mode'),
    scales: spatial,
  };
  if (rank === 4) {
    editor.replaceNode(node, { ...node, inputs: [node.inputs[0]!], attributes });
    return;
  }
  const input = addReshape(editor, node.inputs[0]!, withHeight(view.required(0).shape), '__2d');
  const output = addReshapeBack(editor, node.outputs[0]!, withHeight(view.output(0).shape), '__2d');
  editor.replaceNode(node, { ...node, inputs: [input], outputs: [output], attributes });
}

/** Nearest along other dimensions: one Gather for each that changes. */
function replaceByGathers(view: NodeView, editor: GraphEditor, axes: readonly Axis[]): void {
  const { node } = view;
  const { constant: _, source: __, ...value } = view.output(0);
  const changed = axes.map((_axis, i) => i).filter((i) => axes[i]!.input !== axes[i]!.output || axes[i]!.scale !== 1);
  const shape = [...view.required(0).shape];
  let input = node.inputs[0]!;
  const nodes = changed.map((axis, step) => {
    const indices = nearestIndices(axes[axis]!, view.string('nearest_mode'));
    const data = BigInt64Array.from(indices, BigInt);
    const name = editor.addConstant(`${node.name}_indices`, { dtype: 'int64', shape: [indices.length], data });
    shape[axis] = indices.length;
    const last = step === changed.length - 1;
    const output = last
      ? node.outputs[0]!
      : editor.addValue({ ...value, name: `${value.name}__axis${axis}`, shape: [...shape] });
    const gather = {
      name: editor.freshName(`${node.name}_axis${axis}`),
      op: 'Gather',
      domain: '',
      inputs: [input, name],
      outputs: [output],
      attributes: { axis },
    };
    input = output;
    return gather;
  });
  if (nodes.length === 0) editor.replaceNode(node, { ...node, op: 'Reshape', inputs: [input], attributes: {} });
  else editor.replaceNode(node, ...nodes);
}

/** Any rank: the model's own node may be evaluated before it is canonical. */
function evaluateNearest(view: NodeView, x: Tensor): Tensor {
  const axes = isCanonical(view) ? [idleAxis(view, 0), idleAxis(view, 1), ...spatialAxes(view)] : resizeAxes(view);
  let shape = [...x.shape];
  let data = x.data;
  axes.forEach((axis, dimension) => {
    const indices = nearestIndices(axis, view.string('nearest_mode'));
    const outer = elementCount(shape.slice(0, dimension));
    const block = elementCount(shape.slice(dimension + 1));
    const result = allocate(x.dtype, outer * indices.length * block);
    for (let row = 0; row < outer; row += 1) {
      indices.forEach((index, i) => {
        const from = (row * axis.input + index) * block;
        result.set(data.subarray(from, from + block) as never, (row * indices.length + i) * block);
      });
    }
    data = result;
    shape = shape.map((size, i) => (i === dimension ? indices.length : size));
  });
  return resultOf(view, data);
}

function idleAxis(view: NodeView, dimension: number): Axis {
  const size = view.required(0).shape[dimension]!;
  return { input: size, output: size, scale: 1, coordinates: 'asymmetric' };
}

function evaluateLinear(view: NodeView, x: Tensor): Tensor {
  const X = view.required(0);
  if (!isCanonical(view) && X.shape.length !== 4) return view.bad('linear on constants that are not [N, C, H, W]');
  const [height, width] = isCanonical(view) ? spatialAxes(view) : (resizeAxes(view).slice(2) as [Axis, Axis]);
  const [rows, columns] = [linearWeights(height), linearWeights(width)];
  const planes = elementCount(X.shape.slice(0, 2));
  const { read, write } = conversions(view, x);
  const data = allocate(x.dtype, planes * rows.length * columns.length);
  let to = 0;
  for (let plane = 0; plane < planes; plane += 1) {
    const at = (y: number, i: number) => read((plane * height.input + y) * width.input + i);
    for (const row of rows) for (const column of columns) data[to++] = write(interpolate(at, row, column));
  }
  return resultOf(view, data);
}

/** ((a * top left + b * top right) + c * bottom left) + d * bottom right, every operation rounded to float32. */
function interpolate(at: (y: number, x: number) => number, row: Between, column: Between): number {
  const f = Math.fround;
  const a = f(column.firstWeight * row.firstWeight);
  const b = f(column.secondWeight * row.firstWeight);
  const c = f(column.firstWeight * row.secondWeight);
  const d = f(column.secondWeight * row.secondWeight);
  let sum = f(a * at(row.first, column.first));
  sum = f(sum + f(b * at(row.first, column.second)));
  sum = f(sum + f(c * at(row.second, column.first)));
  return f(sum + f(d * at(row.second, column.second)));
}

function conversions(view: NodeView, x: Tensor): { read: (i: number) => number; write: (real: number) => number } {
  if (!isQuantized(view.required(0))) {
    if (x.dtype !== 'float32')
      view.bad(`linear on ${x.dtype} without a scale`, { expected: 'float32, or quantized values' });
    return { read: (i) => Number(x.data[i]), write: (real) => real };
  }
  const [from, to] = [perTensor(view.required(0)), perTensor(view.output(0))];
  return {
    read: (i) => dequantize(Number(x.data[i]), from.scale, from.zeroPoint),
    write: (real) => quantize(real, to.scale, to.zeroPoint, to.low, to.high),
  };
}

function call(
  context: LowerContext,
  name: string,
  struct: string,
  fields: Record<string, ParamValue>,
  extra: Partial<KernelCall> = {},
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/resize.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct, fields },
    ],
    overlaps: [],
    alignment: elementBytes(x),
    macs: 0,
    ...extra,
  };
}

function table(suffix: string, data: Uint16Array | Int16Array | Float32Array): ParamValue {
  return { constant: { suffix, data, role: 'table' } };
}

function imageFields(context: LowerContext): Record<string, ParamValue> {
  const [height, width] = spatialAxes(context);
  return {
    batches: { int: context.required(0).shape[0]! },
    in_h: { int: height.input },
    in_w: { int: width.input },
    out_h: { int: height.output },
    out_w: { int: width.output },
  };
}

function nearestCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const [height, width] = spatialAxes(context);
  const [rows, columns] = [height, width].map((axis) => nearestIndices(axis, context.string('nearest_mode'))) as [
    number[],
    number[],
  ];
  const pixel = x.shape[3]! * elementBytes(x);
  const steps: Step[] = [];
  for (let batch = 0; batch < x.shape[0]!; batch += 1) {
    for (const row of rows) {
      for (const column of columns) {
        const readStart = ((batch * height.input + row) * width.input + column) * pixel;
        steps.push({ readStart, writeEnd: (steps.length + 1) * pixel });
      }
    }
  }
  const fields = {
    ...imageFields(context),
    pixel: { int: pixel },
    rows: table('rows', Uint16Array.from(rows)),
    columns: table('columns', Uint16Array.from(columns)),
  };
  const lead = leadOfSteps(steps, elementCount(x.shape) * elementBytes(x));
  return call(context, 'nanoc_resize_nearest', 'nanoc_resize_nearest_params', fields, {
    overlaps: [{ input: x.name, output: y.name, lead }],
  });
}

function betweenField(name: string, list: readonly Between[]): ParamValue {
  return {
    fields: {
      first: table(
        `${name}_first`,
        Uint16Array.from(list, ({ first }) => first),
      ),
      second: table(
        `${name}_second`,
        Uint16Array.from(list, ({ second }) => second),
      ),
      first_weight: table(
        `${name}_first_weight`,
        Float32Array.from(list, ({ firstWeight }) => firstWeight),
      ),
      second_weight: table(
        `${name}_second_weight`,
        Float32Array.from(list, ({ secondWeight }) => secondWeight),
      ),
    },
  };
}

function linearFields(context: LowerContext): Record<string, ParamValue> {
  const [height, width] = spatialAxes(context);
  return {
    ...imageFields(context),
    channels: { int: context.required(0).shape[3]! },
    rows: betweenField('rows', linearWeights(height)),
    columns: betweenField('columns', linearWeights(width)),
  };
}

function floatCall(context: LowerContext): KernelCall {
  return call(context, 'nanoc_resize_linear_f32', 'nanoc_linear', linearFields(context));
}

function quantizedCall(context: LowerContext): KernelCall {
  const [x, y] = [perTensor(context.required(0)), perTensor(context.output(0))];
  return call(context, 'nanoc_resize_linear_s8', 'nanoc_resize_linear_s8_params', {
    linear: { fields: linearFields(context) },
    x_zero: { int: x.zeroPoint },
    x_scale: { float: x.scale },
    y_scale: { float: y.scale },
    y_zero: { int: y.zeroPoint },
    low: { int: y.low },
    high: { int: y.high },
    ...fixedFields(context, x.scale / y.scale),
  });
}

/** Bits of the fixed-point weights of a position (nanoc/resize.h), and the most of a result's fraction. */
const WEIGHT_BITS = 14;
const MOST_FRACTION = 12;

/**
 * The fixed-point form, and how far from a tie it may differ from the law in float32. With x less its zero point at most 255: the weights
 * are off by what is summed up here over the four neighbours of the worst pixel; six roundings of the law are less than 2^-21 of the sum of
 * its terms; the high word of the product is less than 1 too low, and the rounded factor adds less than 1.
 */
function fixedFields(context: LowerContext, ratio: number): Record<string, ParamValue> {
  const [height, width] = spatialAxes(context);
  const [rows, columns] = [linearWeights(height), linearWeights(width)];
  // factor = ratio * 2^(18 + fraction) below 2^31; 255 * ratio * 2^fraction is below 2^21 then.
  const fraction = Math.min(MOST_FRACTION, 12 - Math.ceil(Math.log2(ratio)));
  const isUsable = fraction >= 4 && ratio > 2 ** -20;
  const shift = isUsable ? fraction : 1;
  const error = 255 * ratio * (largestError(rows, columns) + 2 ** -20);
  return {
    rows_fixed: table('rows_fixed', fixedWeights(rows)),
    columns_fixed: table('columns_fixed', fixedWeights(columns)),
    factor: { int: isUsable ? Math.min(Math.round(ratio * 2 ** (18 + fraction)), 2 ** 31 - 1) : 0 },
    shift: { int: shift },
    near: { int: isUsable ? Math.min(Math.ceil(error * 2 ** shift) + 2, 2 ** (shift - 1)) : 1 },
  };
}

function fixedWeights(list: readonly Between[]): Int16Array {
  return Int16Array.from(
    list.flatMap(({ firstWeight, secondWeight }) =>
      [firstWeight, secondWeight].map((w) => Math.round(w * 2 ** WEIGHT_BITS)),
    ),
  );
}

/** The sum of what four fixed weights are off by, of the worst pixel. */
function largestError(rows: readonly Between[], columns: readonly Between[]): number {
  const [fixedRows, fixedColumns] = [fixedWeights(rows), fixedWeights(columns)];
  let largest = 0;
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      let sum = 0;
      [row.firstWeight, row.secondWeight].forEach((down, r) => {
        [column.firstWeight, column.secondWeight].forEach((across, c) => {
          const product = fixedColumns[2 * j + c]! * fixedRows[2 * i + r]!;
          const fixed = Math.floor((product + 2 ** (WEIGHT_BITS - 1)) / 2 ** WEIGHT_BITS);
          sum += Math.abs(fixed / 2 ** WEIGHT_BITS - Math.fround(across * down));
        });
      });
      largest = Math.max(largest, sum);
    });
  });
  return largest;
}
