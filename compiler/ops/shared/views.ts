/** Operators that only rename or window memory: views where the storage allows it, copies where it does not. */
import { type Graph, producers, type Value } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { byteLength, bytesPerElement } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../define.js';

/** Operators whose output may be a window of their first input. */
const WINDOWS = new Set(['Reshape', 'Slice']);

/** The value whose storage a chain of views would share. */
function rootOf(graph: Graph, name: string): string {
  const producer = producers(graph);
  let root = name;
  for (
    let node = producer.get(root);
    node !== undefined && node.domain === '' && WINDOWS.has(node.op);
    node = producer.get(root)
  ) {
    root = node.inputs[0]!;
  }
  return root;
}

/**
 * True when the output may share the storage of the input. State must be written into its own memory, and an output of the
 * model must not change with an input that the caller, or the next state, overwrites.
 */
export function mayBeView(context: LowerContext): true | string {
  const { graph } = context;
  const output = context.output(0);
  if (graph.states.some((state) => state.output === output.name))
    return 'the output is state, which has its own memory';
  if (!graph.outputs.includes(output.name)) return true;
  const root = rootOf(graph, context.required(0).name);
  const fixed = graph.inputs.includes(root) || graph.values.get(root)?.constant !== undefined;
  return fixed ? 'an output of the model does not share memory with an input or a constant' : true;
}

/**
 * The two kernels of an operator whose output is one contiguous piece of its first input.
 * @param offset where the piece starts, in elements; a text says why it is not contiguous
 */
export function windowKernels(offset: (context: LowerContext) => number | string): readonly KernelOption[] {
  const contiguous = (context: LowerContext): true | string => {
    const start = offset(context);
    return typeof start === 'string' ? start : true;
  };
  const bytesBefore = (context: LowerContext) => Number(offset(context)) * bytesPerElement(context.required(0).dtype);
  return [
    {
      function: 'view',
      family: 'portable',
      when: (context) => {
        const fits = contiguous(context);
        return fits === true ? mayBeView(context) : fits;
      },
      build: (context) => ({
        views: [
          {
            node: context.node,
            value: context.output(0).name,
            base: context.required(0).name,
            byteOffset: bytesBefore(context),
          },
        ],
      }),
    },
    {
      function: 'nanoc_copy',
      family: 'portable',
      when: contiguous,
      build: (context) => ({ call: copyCall(context, bytesBefore(context)) }),
    },
  ];
}

function copyCall(context: LowerContext, offset: number): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return moveCall(context, 'nanoc_copy', {
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'int', value: offset, comment: 'offset' },
      { kind: 'int', value: byteLength(y), comment: 'bytes' },
    ],
    // memmove: any overlap will do.
    overlaps: [{ input: x.name, output: y.name, lead: -byteLength(x) }],
  });
}

/** A call of a kernel of nanoc/move.h. */
export function moveCall(
  context: LowerContext,
  name: string,
  rest: Pick<KernelCall, 'arguments' | 'overlaps'> & Partial<KernelCall>,
): KernelCall {
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/move.h',
    sources: [`portable/${name}.c`],
    macs: 0,
    alignment: bytesPerElement(context.output(0).dtype),
    ...rest,
  };
}

/** Element size of a value that is moved, in bytes. */
export function elementBytes(value: Value): number {
  return bytesPerElement(value.dtype);
}
