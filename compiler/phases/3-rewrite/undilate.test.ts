import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import type { Graph } from '../../ir/graph.js';
import type { Feature } from '../../ir/target.js';
import { layoutNhwc } from './layout-nhwc.js';
import { liftQdq } from './lift-qdq.js';
import type { Pass } from './pass.js';
import { removeNoOps } from './remove-no-ops.js';
import { sinkTransposes } from './sink-transposes.js';
import { slideQuantization } from './slide-quantization.js';
import { addTransposed, transposeNode } from './transposes.js';
import { undilate } from './undilate.js';

interface Dilated {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly dilations: readonly number[];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly group?: number;
}

/** One convolution to 4 channels in NHWC, of bytes whose zero is 9. */
function bytes({ input, kernel, dilations, pads, strides, group = 1 }: Dilated): Graph {
  const model = new ModelSketch();
  model.input('x', 'int8', ...input);
  model.dequantize('x', { scale: 0.5, zero: 9 });
  model.constant('w', tensor('int8', [4, input[1]! / group, ...kernel], 5, -128, 127, 3, -9, 60, -61));
  model.dequantize('w', { scale: 0.25, zero: 0 });
  model.node('Conv', ['x_f', 'w_f'], 'c', {
    kernel_shape: [...kernel],
    dilations: [...dilations],
    group,
    ...(pads === undefined ? {} : { pads: [...pads] }),
    ...(strides === undefined ? {} : { strides: [...strides] }),
  });
  model.quantize('c', 'y', { scale: 64, zero: -4 });
  return lifted(model.output('y', 'int8'));
}

/** The same window on floats. */
function floats({ input, kernel, dilations }: Dilated): Graph {
  const model = new ModelSketch();
  model.input('x', 'float32', ...input);
  model.constant('w', tensor('float32', [4, input[1]!, ...kernel], 0.5));
  model.node('Conv', ['x', 'w'], 'y', { kernel_shape: [...kernel], dilations: [...dilations] });
  return lifted(model.output('y', 'float32'));
}

function lifted(model: ModelSketch): Graph {
  return apply(model.canonical(), slideQuantization, liftQdq, layoutNhwc, sinkTransposes, removeNoOps);
}

/** The reference evaluator knows ONNX's layout alone. */
const layoutNchw: Pass = {
  name: 'layout-nchw',
  run(editor) {
    for (const node of editor.nodes) {
      if (node.attributes.layout !== 'NHWC') continue;
      const [x, y] = [editor.value(node.inputs[0]!), editor.value(node.outputs[0]!)];
      const [input, output] = [
        addTransposed(editor, x, TO_NCHW, '__nchw'),
        addTransposed(editor, y, TO_NCHW, '__nchw'),
      ];
      const { layout: _, ...attributes } = node.attributes;
      const convolution = { ...node, inputs: [input, ...node.inputs.slice(1)], outputs: [output], attributes };
      editor.replaceNode(
        node,
        transposeNode(editor, x.name, input, TO_NCHW),
        convolution,
        transposeNode(editor, output, y.name, [0, 2, 3, 1]),
      );
    }
  },
};

const TO_NCHW = [0, 3, 1, 2];
const evaluated = (graph: Graph) => results(apply(graph, layoutNchw));
const dense = (graph: Graph, ...features: Feature[]) =>
  apply(
    graph,
    { name: undilate.name, run: (editor, diagnostics) => undilate.run(editor, diagnostics, new Set(features)) },
    removeNoOps,
  );
const convolution = (graph: Graph) => graph.nodes.find(({ op }) => op === 'Conv')!;

describe('a convolution that is dilated along one axis becomes a dense one', () => {
  it.each<[string, Dilated, string[]]>([
    ['of a sequence, same length', { input: [1, 3, 12], kernel: [3], dilations: [2], pads: [2, 2] }, []],
    ['of a sequence, causal', { input: [1, 3, 12], kernel: [3], dilations: [4], pads: [8, 0] }, []],
    ['of a sequence, without padding', { input: [1, 3, 12], kernel: [3], dilations: [3] }, []],
    ['of more than one batch', { input: [2, 3, 12], kernel: [3], dilations: [2], pads: [2, 2] }, []],
    ['depthwise', { input: [1, 4, 12], kernel: [5], dilations: [2], pads: [4, 4], group: 4 }, []],
    ['in groups', { input: [1, 4, 12], kernel: [2], dilations: [3], pads: [3, 0], group: 2 }, []],
    ['of rows', { input: [1, 3, 8, 5], kernel: [3, 1], dilations: [2, 1], pads: [2, 0, 2, 0] }, []],
    [
      'of a length that is no multiple',
      { input: [1, 3, 11], kernel: [3], dilations: [4], pads: [4, 4] },
      ['Pad', 'Slice'],
    ],
    ['of uneven padding at the start', { input: [1, 3, 12], kernel: [3], dilations: [4], pads: [3, 5] }, ['Pad']],
    ['of uneven padding at the end', { input: [1, 3, 12], kernel: [3], dilations: [4], pads: [4, 3] }, ['Slice']],
    ['wider than what it reads', { input: [1, 3, 3], kernel: [3], dilations: [8], pads: [8, 8] }, ['Pad', 'Slice']],
    ['to an even length from an uneven one', { input: [1, 3, 11], kernel: [2], dilations: [4], pads: [4, 1] }, ['Pad']],
    ['of rows, uneven', { input: [1, 3, 7, 5], kernel: [2, 1], dilations: [3, 1], pads: [1, 0, 1, 0] }, ['Pad']],
  ])('%s', (_, form, moves) => {
    const before = bytes(form);
    const after = dense(before, 'xtensa');
    expect(convolution(after).attributes).toMatchObject({ dilations: [1, 1], strides: [1, 1] });
    expect(after.nodes.map(({ op }) => op).filter((op) => op === 'Pad' || op === 'Slice')).toEqual(moves);
    expect(evaluated(after)).toEqual(evaluated(before));
  });

  it('of every length under paddings of all kinds', () => {
    for (let length = 5; length < 16; length += 1) {
      for (const pads of [
        [0, 0],
        [3, 0],
        [2, 5],
        [6, 6],
      ]) {
        const before = bytes({ input: [1, 2, length], kernel: [2], dilations: [3], pads });
        expect(evaluated(dense(before)), `${length}, pads ${pads}`).toEqual(evaluated(before));
      }
    }
  });
});

describe('it does not fire', () => {
  it.each<[string, Dilated]>([
    ['without dilation', { input: [1, 3, 12], kernel: [3], dilations: [1] }],
    ['with a stride', { input: [1, 3, 12], kernel: [3], dilations: [2], strides: [2] }],
    ['for a window of one tap', { input: [1, 3, 12], kernel: [1], dilations: [2] }],
    ['along both axes', { input: [1, 3, 8, 8], kernel: [3, 3], dilations: [2, 2] }],
    ['for rows under a wide window', { input: [1, 3, 8, 8], kernel: [3, 2], dilations: [2, 1] }],
    ['along the columns of several rows', { input: [1, 3, 8, 8], kernel: [1, 3], dilations: [1, 2] }],
    ['for rows between padded columns', { input: [1, 3, 8, 8], kernel: [3, 1], dilations: [2, 1], pads: [0, 1, 0, 1] }],
    ['for several batches that would have to move', { input: [2, 3, 11], kernel: [3], dilations: [2] }],
  ])('%s', (_, form) => {
    const before = bytes(form);
    expect(sketch(dense(before, 'xtensa'))).toEqual(sketch(before));
  });

  it('where kernels are as fast on dilated windows', () => {
    const depthwise = bytes({ input: [1, 4, 12], kernel: [5], dilations: [2], pads: [4, 4], group: 4 });
    expect(sketch(dense(depthwise))).toEqual(sketch(depthwise));
    const all = bytes({ input: [1, 3, 12], kernel: [3], dilations: [3] });
    expect(sketch(dense(all))).not.toEqual(sketch(all));
    expect(sketch(dense(all, 'dsp', 'mve'))).toEqual(sketch(all));
    const float = floats({ input: [1, 3, 12], kernel: [3], dilations: [3] });
    expect(sketch(dense(float))).toEqual(sketch(float));
  });
});
