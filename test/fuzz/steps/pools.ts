/** Pools, means, Softmax. */
import { elementCount } from '../../../compiler/ir/tensor.js';
import type { GraphMaker, Quantized, Step } from '../graph-maker.js';

const MICROSOFT = { domain: 'com.microsoft' } as const;

function addPool(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const spatial = x.shape.slice(2);
  const rank = spatial.length;
  const kernel = spatial.map(() => random.integer(1, 3));
  const strides = spatial.map(() => random.integer(1, 2));
  const pads = [...kernel, ...kernel].map((k) => (random.chance(0.4) ? random.integer(0, k - 1) : 0));
  const average = random.chance(0.5);
  const dilates = !average && random.chance(0.15);
  const dilations = spatial.map(() => (dilates ? random.integer(1, 2) : 1));
  // Strides larger than the window would make paddings negative, which ONNX Runtime refuses.
  const covers = strides.every((s, i) => s <= kernel[i]!);
  const auto =
    !dilates && covers && random.chance(0.12) ? random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) : undefined;
  const size = spatial.map((n, i) => {
    if (auto !== undefined && auto !== 'VALID') return Math.ceil(n / strides[i]!);
    const padded = auto === undefined ? n + pads[i]! + pads[i + rank]! : n;
    return Math.floor((padded - (kernel[i]! - 1) * dilations[i]! - 1) / strides[i]!) + 1;
  });
  if (size.some((n) => n < 1)) return;
  const shape = [...x.shape.slice(0, 2), ...size];
  const attributes = {
    kernel_shape: kernel,
    strides,
    ...(auto === undefined ? { pads } : { auto_pad: auto }),
    ...(dilates ? { dilations } : {}),
    ...(average && random.chance(0.4) ? { count_include_pad: 1 } : {}),
  };
  if (!average) {
    const y: Quantized = { ...x, name: maker.fresh('q'), shape };
    if (maker.opset >= 12 && random.chance(0.4)) maker.quantizedNode('MaxPool', [x.name], y, { attributes });
    else maker.quantize(maker.node('MaxPool', [maker.dequantize(x)], { attributes }), y);
    return;
  }
  const y = maker.result(x, shape, x.scale);
  if (random.chance(0.3)) {
    maker.quantizedNode('QLinearAveragePool', [...maker.triple(x), ...maker.scaleAndZero(y)], y, {
      ...MICROSOFT,
      attributes,
    });
  } else maker.quantize(maker.node('AveragePool', [maker.dequantize(x)], { attributes }), y);
}

function addGlobalPool(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const shape = x.shape.map((n, i) => (i < 2 ? n : 1));
  if (random.chance(0.25)) {
    maker.quantize(maker.node('GlobalMaxPool', [maker.dequantize(x)]), { ...x, name: maker.fresh('q'), shape });
    return;
  }
  const y = maker.result(x, shape, x.scale);
  if (random.chance(0.4)) {
    const inputs = [...maker.triple(x), ...maker.scaleAndZero(y)];
    maker.quantizedNode('QLinearGlobalAveragePool', inputs, y, { ...MICROSOFT, attributes: { channels_last: 0 } });
  } else maker.quantize(maker.node('GlobalAveragePool', [maker.dequantize(x)]), y);
}

function addReduceMean(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis > 0 && random.chance(0.6));
  if (axes.length === 0) return;
  const keepdims = random.pick([0, 1]);
  const shape = x.shape.flatMap((n, axis) => (axes.includes(axis) ? (keepdims === 1 ? [1] : []) : [n]));
  const given = axes.map((axis) => (random.chance(0.3) ? axis - x.shape.length : axis));
  const inputs = [maker.dequantize(x), ...(maker.opset >= 18 ? [maker.ints('axes', ...given)] : [])];
  const attributes = { keepdims, ...(maker.opset >= 18 ? {} : { axes: given }) };
  maker.quantize(maker.node('ReduceMean', inputs, { attributes }), maker.result(x, shape, x.scale));
}

function addSoftmax(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  // Over a single element ONNX Runtime's fused kernel gives 0 instead of 1.
  const axes = x.shape.map((_, i) => i).filter((i) => x.shape[i]! > 1);
  const axis = random.chance(0.7) ? axes.at(-1)! : random.pick(axes);
  const scale = Math.fround(1 / random.pick([256, 256, 255, 128]));
  const y: Quantized = {
    ...{ name: maker.fresh('q'), shape: x.shape, dtype: x.dtype, scale },
    zeroPoint: x.dtype === 'int8' ? -128 : 0,
  };
  const given = random.chance(0.5) ? axis : axis - x.shape.length;
  maker.quantize(maker.node('Softmax', [maker.dequantize(x)], { attributes: { axis: given } }), y);
}

const isImage = (x: Quantized) => x.shape.length === 4 || x.shape.length === 3;

export const poolSteps: readonly Step[] = [
  { weight: 2, fits: isImage, add: addPool },
  { weight: 0.8, fits: isImage, add: addGlobalPool },
  { weight: 0.7, fits: (x) => x.shape.length >= 2, add: addReduceMean },
  { weight: 0.5, fits: (x) => elementCount(x.shape) > 1, add: addSoftmax },
];
