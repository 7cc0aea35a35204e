/** Spatial operators work on [N,H,W,C]: each is wrapped in Transposes, which sink-transposes then cancels. */
import type { Pass } from './pass.js';
import { addTransposed, transposeNode } from './transposes.js';

const SPATIAL = new Set(
  ['Conv', 'ConvInteger', 'ConvTranspose', 'MaxPool', 'AveragePool', 'Resize'].map((op) => ` ${op}`),
).add('ai.nanoc ConvIntegerToFloat');
const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];

export const layoutNhwc: Pass = {
  name: 'layout-nhwc',
  run(editor) {
    for (const node of editor.nodes) {
      if (!SPATIAL.has(`${node.domain} ${node.op}`) || node.attributes.layout !== undefined) continue;
      const x = editor.value(node.inputs[0]!);
      const y = editor.value(node.outputs[0]!);
      if (x.shape.length !== 4) continue;
      const input = addTransposed(editor, x, TO_NHWC, '__nhwc');
      const output = addTransposed(editor, y, TO_NHWC, '__nhwc');
      editor.replaceNode(
        node,
        transposeNode(editor, x.name, input, TO_NHWC),
        {
          ...node,
          inputs: [input, ...node.inputs.slice(1)],
          outputs: [output, ...node.outputs.slice(1)],
          attributes: { ...node.attributes, layout: 'NHWC' },
        },
        transposeNode(editor, output, y.name, TO_NCHW),
      );
    }
  },
};
