import type { Graph, Node, Value } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { NodeView, OperatorDefinition } from '../../ops/define.js';
import { viewNode } from '../../ops/node-view.js';

/** Scales and zero points, wherever an operator's input is named `..._scale` or `..._zero_point` (QOperator and QDQ alike). */
export function checkQuantization(graph: Graph, node: Node, operator: OperatorDefinition): void {
  const view = viewNode(graph, node, operator);
  const count = operator.inputs.at(-1)?.variadic ? node.inputs.length : operator.inputs.length;
  for (let index = 0; index < count; index += 1) {
    const name = operator.inputs[index]?.name ?? '';
    const value = view.input(index);
    if (value === undefined || operator.inputs[index]?.isDynamic) continue;
    if (name.endsWith('_scale')) checkScale(view, index, name, value);
    if (name.endsWith('zero_point')) checkZeroPoint(view, index, name, value);
  }
  if (node.op === 'QuantizeLinear' || node.op === 'DequantizeLinear') checkAxis(view);
}

function checkScale(view: NodeView, index: number, name: string, value: Value): void {
  const where = `input ${index} "${name}"`;
  if (value.constant === undefined) {
    view.bad(`${where} is computed at run time`, { expected: 'a constant scale', help: 'use static quantization' });
  }
  if (value.dtype !== 'float32') view.bad(`${where} is ${value.dtype}`, { expected: 'float32' });
  const data = value.constant!.data as Float32Array;
  const wrong = data.findIndex((scale) => !(scale > 0) || !Number.isFinite(scale));
  if (wrong >= 0) {
    view.bad(`${where} has the scale ${data[wrong]} at index ${wrong}`, {
      expected: 'finite scales above 0',
      help: 'the calibration saw no data for this tensor; quantize again with representative inputs',
    });
  }
}

function checkZeroPoint(view: NodeView, index: number, name: string, value: Value): void {
  const where = `input ${index} "${name}"`;
  if (value.constant === undefined) view.bad(`${where} is computed at run time`, { expected: 'a constant zero point' });
  const isLinear = view.node.op === 'QuantizeLinear' || view.node.op === 'DequantizeLinear';
  const types = ['int8', 'uint8', 'int32', ...(isLinear ? ['int16', 'uint16'] : [])];
  if (!types.includes(value.dtype)) {
    view.bad(`${where} is ${value.dtype}`, {
      expected: types.join(', '),
      because: 'activations and weights of other types are not supported yet',
    });
  }
  const scale = view.input(index - 1);
  if (scale !== undefined && elementCount(scale.shape) !== elementCount(value.shape)) {
    view.bad(`${where} has ${elementCount(value.shape)} elements`, {
      expected: `${elementCount(scale.shape)}, as many as scales`,
    });
  }
}

function checkAxis(view: NodeView): void {
  const x = view.required(0);
  const scales = elementCount(view.required(1).shape);
  if (scales === 1) return;
  const given = view.int('axis');
  const axis = given < 0 ? given + x.shape.length : given;
  if (x.shape[axis] !== scales) {
    view.bad(`${scales} scales on axis ${given} of [${x.shape}]`, {
      expected:
        x.shape[axis] === undefined
          ? `an axis from ${-x.shape.length} to ${x.shape.length - 1}`
          : `${x.shape[axis]} scales`,
    });
  }
}
