/** Which rows of its inputs an operator needs for some rows of its output: what decides whether it can be run in bands. */
import type { AttributeValue, Graph, Node } from '../ir/graph.js';
import { valueOf } from '../ir/graph.js';

/** Rows [start, end); of a window they may reach beyond the image, where the padding is. */
export interface Rows {
  readonly start: number;
  readonly end: number;
}

/** A node seen as a machine that makes rows from rows. Rows are indices of the axis that is cut. */
export interface RowRule {
  /** Inputs that are cut like the output; the others are read whole. */
  readonly cut: readonly string[];
  /** Rows of every cut input that these rows of the output need, padding included. */
  needs(output: Rows): Rows;
  /** The attributes of the node that makes a band, with `before` and `after` rows of padding. */
  attributes(before: number, after: number): Readonly<Record<string, AttributeValue>>;
}

const WINDOWS = new Set(['Conv', 'MaxPool', 'AveragePool']);

/** Row r of the result depends on row r of the inputs alone; shapes are broadcast. */
const ELEMENTWISE = new Set([
  ...['Abs', 'Add', 'Cast', 'Ceil', 'Clip', 'Cos', 'DequantizeLinear', 'Div', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu'],
  ...['HardSigmoid', 'HardSwish', 'LeakyRelu', 'Log', 'Max', 'Min', 'Mish', 'Mul', 'Neg', 'Pow', 'PRelu'],
  ...['QuantizeLinear', 'Reciprocal', 'Relu', 'Requantize', 'Round', 'Selu', 'Sigmoid', 'Sign', 'SignShift', 'Sin'],
  ...['Softplus', 'Softsign', 'Sqrt', 'Sub', 'Table', 'Tanh', 'ThresholdedRelu'],
]);

/**
 * The rule of a node for bands along `axis` (1, or 2 where there is a single row); undefined when it cannot be cut there. Bands
 * are contiguous in memory, so dimensions before the axis must be 1.
 */
export function rowRuleOf(graph: Graph, node: Node, axis: number): RowRule | undefined {
  const isImage = (name: string): boolean => {
    const { shape, source, quantization } = valueOf(graph, name);
    const perRow = quantization?.axis === axis && quantization.scale.length > 1;
    return shape.length === 4 && shape.slice(0, axis).every((n) => n === 1) && source?.from === undefined && !perRow;
  };
  if (node.outputs.length !== 1 || !isImage(node.outputs[0]!)) return undefined;
  const rows = valueOf(graph, node.outputs[0]!).shape[axis]!;
  if (rows === 1) return undefined;
  const inputs = node.inputs.filter((name) => name !== '' && valueOf(graph, name).constant === undefined);
  const constants = node.inputs.filter((name) => name !== '' && valueOf(graph, name).constant !== undefined);
  if (WINDOWS.has(node.op) && node.domain === '') {
    const usable = node.attributes.layout === 'NHWC' && node.attributes.uncounted === undefined;
    return usable && inputs.length === 1 && isImage(inputs[0]!) ? windowRule(graph, node, axis) : undefined;
  }
  // What is broadcast along the axis is read whole by every band.
  const isWhole = (name: string): boolean => (valueOf(graph, name).shape.at(axis - 4) ?? 1) === 1;
  const isCut = (name: string): boolean => isImage(name) && valueOf(graph, name).shape[axis] === rows;
  if (!ELEMENTWISE.has(node.op) && !joinsChannels(graph, node, axis)) return undefined;
  if (!constants.every(isWhole)) return undefined;
  const cut = inputs.filter(isCut);
  if (cut.length === 0 || !inputs.every((name) => isCut(name) || isWhole(name))) return undefined;
  return { cut, needs: (output) => output, attributes: () => node.attributes };
}

/** Concat and Softmax along an axis behind the one that is cut. */
function joinsChannels(graph: Graph, node: Node, axis: number): boolean {
  if (node.domain !== '' || !(node.op === 'Concat' || node.op === 'Softmax')) return false;
  const along = Number(node.attributes.axis);
  return (along < 0 ? along + valueOf(graph, node.outputs[0]!).shape.length : along) > axis;
}

function windowRule(graph: Graph, node: Node, axis: number): RowRule {
  const spatial = axis - 1;
  const list = (name: string) => node.attributes[name] as readonly number[];
  const weights = node.op === 'Conv' ? valueOf(graph, node.inputs[1]!).shape[axis + 1]! : undefined;
  const kernel = weights ?? list('kernel_shape')[spatial]!;
  const [stride, dilation, before] = [list('strides')[spatial]!, list('dilations')[spatial]!, list('pads')[spatial]!];
  const extent = (kernel - 1) * dilation + 1;
  return {
    cut: [node.inputs[0]!],
    needs: ({ start, end }) => ({ start: start * stride - before, end: (end - 1) * stride - before + extent }),
    attributes: (top, bottom) => {
      const pads = list('pads').map((pad, i) => (i === spatial ? top : i === spatial + 2 ? bottom : pad));
      return { ...node.attributes, pads };
    },
  };
}
