/** Model-local functions (IR version 8) are inlined, as the dynamo exporter writes them. */
import type onnxProto from 'onnx-proto';
import { fail } from '../../diagnostics/diagnostic.js';
import type { BranchNode } from './branches.js';

type FunctionProto = onnxProto.onnx.IFunctionProto;

/** Functions that call functions: deeper than this is a cycle or an attack. */
const MAXIMUM_DEPTH = 32;
/** All bodies together. */
const MAXIMUM_NODES = 1 << 17;

/** A function whose nodes hold no branches any more. */
export type FlatFunction = Omit<FunctionProto, 'node'> & { readonly node: readonly BranchNode[] };

/** The nodes with every call of a model-local function replaced by its body; names inside become unique. */
export function inlineFunctions(nodes: readonly BranchNode[], functions: readonly FlatFunction[]): BranchNode[] {
  if (functions.length === 0) return [...nodes];
  const byName = new Map(functions.map((f) => [`${f.domain ?? ''}:${f.name}`, f]));
  let calls = 0;
  let written = 0;
  const expand = (list: readonly BranchNode[], depth: number): BranchNode[] =>
    list.flatMap((node) => {
      const definition = byName.get(`${node.domain ?? ''}:${node.opType}`);
      if (definition === undefined) return [node];
      if (depth > MAXIMUM_DEPTH) {
        fail({
          code: 'NC0109',
          message: `function "${node.opType}" calls itself, or calls nest deeper than ${MAXIMUM_DEPTH}`,
        });
      }
      calls += 1;
      written += 1 + definition.node.length;
      if (written > MAXIMUM_NODES)
        fail({ code: 'NC0109', message: 'the functions of the model expand to too many nodes' });
      return expand(instantiate(node, definition, calls), depth + 1);
    });
  return expand(nodes, 0);
}

function instantiate(call: BranchNode, definition: FlatFunction, id: number): BranchNode[] {
  const prefix = `${call.name || call.opType}/${id}/`;
  const rename = new Map<string, string>([['', '']]);
  (definition.input ?? []).forEach((name, i) => {
    rename.set(name, call.input?.[i] ?? '');
  });
  (definition.output ?? []).forEach((name, i) => {
    rename.set(name, call.output?.[i] || `${prefix}${name}`);
  });
  const nameOf = (name: string): string => {
    const known = rename.get(name);
    if (known !== undefined) return known;
    rename.set(name, `${prefix}${name}`);
    return `${prefix}${name}`;
  };
  const given = new Map((call.attribute ?? []).map((attribute) => [attribute.name ?? '', attribute]));
  return definition.node.map((node) => ({
    ...node,
    opType: node.opType ?? '',
    domain: node.domain ?? '',
    name: `${prefix}${node.name || node.output?.[0] || node.opType}`,
    input: (node.input ?? []).map(nameOf),
    output: (node.output ?? []).map(nameOf),
    branches: [
      ...(call.branches ?? []),
      ...(node.branches ?? []).map((guard) => ({ ...guard, selector: nameOf(guard.selector) })),
    ],
    attribute: (node.attribute ?? []).flatMap((attribute) => {
      if (!attribute.refAttrName) return [attribute];
      const value = given.get(attribute.refAttrName);
      return value === undefined ? [] : [{ ...value, name: attribute.name ?? '' }];
    }),
  }));
}
