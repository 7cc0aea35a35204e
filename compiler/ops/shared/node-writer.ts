import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node } from '../../ir/graph.js';
import type { DataType, Tensor } from '../../ir/tensor.js';

/** Writes the operators that one node stands for, in front of it. */
export class NodeWriter {
  constructor(
    private readonly editor: GraphEditor,
    private readonly node: Node,
  ) {}

  /** An operator of ai.onnx with one output, whose name it returns. */
  write(
    op: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    dtype: DataType = 'float32',
    domain = '',
  ): string {
    const output = this.editor.addValue({ name: `${this.node.outputs[0]}/${op}`, dtype, shape });
    this.editor.addNode({
      ...{ name: output, op, domain, inputs, outputs: [output], attributes },
      origins: [this.node.name],
    });
    return output;
  }

  constant(name: string, tensor: Tensor): string {
    return this.editor.addConstant(`${this.node.outputs[0]}/${name}`, tensor);
  }

  /** A scalar. */
  number(name: string, value: number): string {
    return this.constant(name, { dtype: 'float32', shape: [], data: Float32Array.of(value) });
  }

  shapeOf(name: string): readonly number[] {
    return this.editor.value(name).shape;
  }
}
