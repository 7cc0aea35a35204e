/**
 * Float operators that compute element by element, between DequantizeLinear and QuantizeLinear or beside a DequantizeLinear (a residual
 * sum), become one Elementwise. What depends on one byte alone becomes a table of 256 floats. Each operation keeps its rounding and its place, so the
 * bytes stay the same.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node, Value } from '../../ir/graph.js';
import { BINARY_STEPS, type BinaryName, type Step, stepText } from '../../ops/shared/elementwise-steps.js';
import { gather, tabulate } from './collapse-elementwise.js';
import type { Pass } from './pass.js';
import { byteActivation, isByte, isPerTensor, isQuantize } from './quantization.js';

/** Inputs of one loop: pointers in registers. */
const MOST_INPUTS = 4;

export const fuseElementwise: Pass = {
  name: 'fuse-elementwise',
  run(editor) {
    // From the ends: a chain is taken whole.
    for (const node of editor.nodes.reverse()) if (editor.has(node)) fuse(editor, node);
  },
};

function fuse(editor: GraphEditor, root: Node): void {
  const output = editor.value(root.outputs[0] ?? '');
  const quantizes = isQuantize(root) && isByte(output) && output.dtype === 'int8' && isPerTensor(output);
  if (!quantizes && !isStep(editor, root)) return;
  const chain = new Chain(editor, output.shape);
  const done = quantizes ? chain.add(root.inputs[0]!) : chain.addNode(root);
  if (done === undefined || !chain.pays(quantizes)) return;
  editor.replaceNode(root, {
    ...root,
    op: 'Elementwise',
    domain: 'ai.nanoc',
    inputs: chain.inputs,
    attributes: { steps: chain.steps.map(stepText), ...chain.attributes },
    origins: [...chain.taken, root].flatMap((node) => node.origins ?? [node.name]),
  });
}

/** A float operator of two inputs. */
function isStep(editor: GraphEditor, node: Node | undefined): node is Node {
  if (node?.domain !== '' || !(node.op in BINARY_STEPS) || node.attributes.clamp !== undefined) return false;
  return editor.value(node.outputs[0]!).dtype === 'float32';
}

class Chain {
  readonly steps: Step[] = [];
  readonly inputs: string[] = [];
  readonly attributes: Record<string, AttributeValue> = {};
  readonly taken: Node[] = [];
  private readonly known = new Map<string, number>();
  private constants = 0;

  constructor(
    private readonly editor: GraphEditor,
    private readonly shape: readonly number[],
  ) {}

  /** Worth it where bytes are read, or more than one operator is saved. */
  pays(quantizes: boolean): boolean {
    const operators = this.steps.filter((step) => step.kind in BINARY_STEPS).length;
    const reads = this.steps.some((step) => step.kind === 'dequantize' || step.kind === 'table');
    return this.inputs.length <= MOST_INPUTS && operators > 0 && (reads || quantizes || operators > 1);
  }

  /** The step that gives a float value; undefined when it cannot be computed here. */
  add(name: string): number | undefined {
    const before = this.known.get(name);
    if (before !== undefined) return before;
    const step = this.find(name);
    if (step !== undefined) this.known.set(name, step);
    return step;
  }

  addNode(node: Node): number | undefined {
    const [left, right] = node.inputs.map((input) => this.add(input));
    if (left === undefined || right === undefined) return undefined;
    return this.push({ kind: node.op as BinaryName, left, right });
  }

  private find(name: string): number | undefined {
    const value = this.editor.value(name);
    if (value.dtype !== 'float32') return undefined;
    if (value.constant?.data.length === 1) return this.constant(Number(value.constant.data[0]));
    if (value.shape.join() !== this.shape.join()) return undefined;
    const bytes = this.bytesOf(name);
    if (bytes !== undefined) return this.dequantize(this.input(bytes.name));
    const node = this.editor.producer(name);
    const alone = this.editor.consumers(name).length === 1 && !this.editor.isGraphOutput(name);
    if (alone && node !== undefined) {
      const step = this.table(name) ?? (isStep(this.editor, node) ? this.addNode(node) : undefined);
      if (step !== undefined) {
        this.taken.unshift(node);
        return step;
      }
    }
    return this.push({ kind: 'input', index: this.input(name) });
  }

  /** Bytes that pass several DequantizeLinear are dequantized once. */
  private dequantize(index: number): number {
    const before = this.steps.findIndex((step) => step.kind === 'dequantize' && step.index === index);
    return before >= 0 ? before : this.push({ kind: 'dequantize', index });
  }

  /** A function of one byte. */
  private table(name: string): number | undefined {
    const interior: Node[] = [];
    const leaves = new Set<string>();
    if (!gather(this.editor, name, this.shape, interior, leaves) || leaves.size !== 1) return undefined;
    const [leaf] = leaves;
    const bytes = this.bytesOf(leaf!);
    if (bytes === undefined || this.inputs.includes(bytes.name)) return undefined;
    const index = this.input(bytes.name);
    this.attributes[`table${index}`] = tabulate(this.editor, bytes, leaf!, interior, this.editor.value(name));
    return this.push({ kind: 'table', index });
  }

  private bytesOf(name: string): Value | undefined {
    const value = byteActivation(this.editor, name);
    return value?.dtype === 'int8' ? value : undefined;
  }

  private constant(real: number): number {
    const index = this.constants++;
    this.attributes[`constant${index}`] = real;
    return this.push({ kind: 'constant', index });
  }

  private input(name: string): number {
    const index = this.inputs.indexOf(name);
    return index >= 0 ? index : this.inputs.push(name) - 1;
  }

  private push(step: Step): number {
    return this.steps.push(step) - 1;
  }
}
