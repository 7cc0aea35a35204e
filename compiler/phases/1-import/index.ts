/** ONNX protobuf -> Graph. The file is hostile until proven otherwise: every outcome is a graph or a CompileError. */
import onnxProto from 'onnx-proto';
import { CompileError, type Diagnostics, fail } from '../../diagnostics/diagnostic.js';
import type { AttributeValue, Graph, Node, Value } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import { readAttribute } from './attributes.js';
import { type BranchNode, inlineBranches } from './branches.js';
import { resolveDimensions } from './dimensions.js';
import { inlineFunctions } from './functions.js';
import { checkNames } from './names.js';
import { dataTypeOf, type ReadExternal, readTensor, toNumber } from './tensor-proto.js';

type ModelProto = onnxProto.onnx.IModelProto;
type GraphProto = onnxProto.onnx.IGraphProto;

export interface ImportOptions {
  readonly name: string;
  readonly dims?: Readonly<Record<string, number>>;
  readonly readExternal?: ReadExternal;
}

export const OLDEST_OPSET = 11;
export const NEWEST_OPSET = 24;

/**
 * Reads a model. Values are its inputs and constants; the others come with shape inference (2-check).
 * @throws CompileError NC01xx
 */
export function importModel(bytes: Uint8Array, options: ImportOptions, diagnostics: Diagnostics): Graph {
  const model = decode(bytes);
  const graph = model.graph;
  if (!graph) return fail({ code: 'NC0101', message: 'the file holds no graph', help: 'is it an ONNX model?' });
  checkNames(model, graph);
  const opsets = readOpsets(model);
  const nodes = flatNodes(model, graph);
  if (nodes.length === 0) fail({ code: 'NC0102', message: 'the model has no nodes: there is nothing to compile' });
  const values = new Map<string, Value>();
  readInitializers(graph, values, options.readExternal, diagnostics);
  const inputs = readInputs(graph, values, options.dims ?? {}, diagnostics);
  const kept = readNodes(nodes, values, options.readExternal, diagnostics);
  const outputs = (graph.output ?? []).map((info) => info.name ?? '');
  if (outputs.length === 0) diagnostics.error({ code: 'NC0102', message: 'the model has no outputs' });
  for (const name of new Set(outputs.filter((each, index) => outputs.indexOf(each) !== index))) {
    diagnostics.error({ code: 'NC0112', message: `the output "${name}" is listed twice` });
  }
  return { name: options.name, inputs, outputs, values, nodes: kept, opsets, states: [] };
}

/** Nodes without branches and without calls of functions. */
function flatNodes(model: ModelProto, graph: GraphProto): BranchNode[] {
  const names = [...(graph.input ?? []), ...(graph.initializer ?? [])].map(({ name }) => name ?? '');
  const functions = (model.functions ?? []).map((each) => ({
    ...each,
    name: each.name ?? '',
    domain: each.domain ?? '',
    input: each.input ?? [],
    output: each.output ?? [],
    node: inlineBranches(each.node ?? [], each.input ?? []),
  }));
  return inlineFunctions(inlineBranches(graph.node ?? [], names), functions);
}

function decode(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) return fail({ code: 'NC0101', message: 'the file is empty' });
  try {
    return onnxProto.onnx.ModelProto.decode(bytes);
  } catch (error) {
    if (error instanceof CompileError) throw error;
    return fail({
      code: 'NC0101',
      message: 'the file is not a readable ONNX model',
      because: `protobuf: ${error instanceof Error ? error.message : String(error)}`,
      help: 'it may be truncated, or another format (a .tflite or .pt file must be converted to ONNX first)',
    });
  }
}

function readOpsets(model: ModelProto): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const entry of [...(model.opsetImport ?? []), ...(model.functions ?? []).flatMap((f) => f.opsetImport ?? [])]) {
    const domain = entry.domain === 'ai.onnx' ? '' : (entry.domain ?? '');
    if (!opsets.has(domain)) opsets.set(domain, toNumber(entry.version));
  }
  const version = opsets.get('') ?? 1;
  if (version < OLDEST_OPSET || version > NEWEST_OPSET) {
    fail({
      code: 'NC0111',
      message: `the model uses opset ${version}`,
      expected: `opset ${OLDEST_OPSET} to ${NEWEST_OPSET}`,
      help: 'convert it with onnx.version_converter, or export with another opset_version',
    });
  }
  return opsets;
}

function readInitializers(
  graph: GraphProto,
  values: Map<string, Value>,
  readExternal: ReadExternal | undefined,
  diagnostics: Diagnostics,
): void {
  if ((graph.sparseInitializer ?? []).length > 0) {
    fail({
      code: 'NC0108',
      message: 'the model has sparse initializers, which nanoc does not read',
      help: 'export dense weights',
    });
  }
  for (const proto of graph.initializer ?? []) {
    const name = proto.name ?? '';
    const tensor = diagnostics.collect(() => readTensor(proto, `initializer "${name}"`, readExternal));
    if (tensor === undefined) continue;
    if (name === '' || values.has(name)) {
      diagnostics.error({
        code: 'NC0112',
        message: name === '' ? 'an initializer has no name' : `two initializers are named "${name}"`,
      });
      continue;
    }
    values.set(name, constantValue(name, tensor));
  }
}

function constantValue(name: string, tensor: Tensor): Value {
  return { name, dtype: tensor.dtype, shape: tensor.shape, constant: tensor, source: { name } };
}

/** Graph inputs that are not initializers (before IR version 4 weights were listed as inputs too). */
function readInputs(
  graph: GraphProto,
  values: Map<string, Value>,
  dims: Readonly<Record<string, number>>,
  diagnostics: Diagnostics,
): string[] {
  const infos = (graph.input ?? []).filter((info) => !values.has(info.name ?? ''));
  const shapes = resolveDimensions(infos, dims, diagnostics);
  diagnostics.throwIfErrors();
  for (const info of infos) {
    const name = info.name ?? '';
    const number = info.type?.tensorType?.elemType ?? 0;
    const dtype = dataTypeOf(number);
    if (dtype === undefined || name === '') {
      diagnostics.error({
        code: 'NC0104',
        message: `input "${name}" has an unsupported type (TensorProto.DataType ${number})`,
      });
    } else if (values.has(name)) {
      diagnostics.error({ code: 'NC0112', message: `two inputs are named "${name}"` });
    } else {
      values.set(name, { name, dtype, shape: shapes.get(name)!, source: { name } });
    }
  }
  return infos.map((info) => info.name ?? '');
}

function readNodes(
  protos: readonly BranchNode[],
  values: Map<string, Value>,
  readExternal: ReadExternal | undefined,
  diagnostics: Diagnostics,
): Node[] {
  const names = new Map<string, number>();
  const written = new Set(values.keys());
  const nodes: Node[] = [];
  for (const proto of protos) {
    const op = proto.opType ?? '';
    const outputs = [...(proto.output ?? [])];
    while (outputs.at(-1) === '') outputs.pop();
    const name = uniqueName(proto.name || `${op}_${outputs[0] ?? ''}`, names);
    for (const output of outputs) {
      if (output !== '' && written.has(output)) {
        diagnostics.error({ code: 'NC0112', message: `"${output}" is written twice`, node: `"${name}" (${op})` });
      }
      written.add(output);
    }
    const attributes = readAttributes(proto, `"${name}" (${op})`, readExternal, diagnostics);
    if (attributes === undefined) continue;
    const node: Node = {
      name,
      op,
      domain: proto.domain === 'ai.onnx' ? '' : (proto.domain ?? ''),
      inputs: [...(proto.input ?? [])],
      outputs,
      attributes,
      ...(proto.branches?.length ? { branches: proto.branches } : {}),
    };
    const constant = node.op === 'Constant' && node.domain === '' ? constantOf(node, diagnostics) : undefined;
    if (constant === undefined) nodes.push(node);
    else if (outputs[0] !== undefined) values.set(outputs[0], constantValue(outputs[0], constant));
  }
  return nodes;
}

/** @param names every name that is taken, with the number that its next namesake gets */
function uniqueName(stem: string, names: Map<string, number>): string {
  let index = names.get(stem) ?? 0;
  let name = index === 0 ? stem : `${stem}_${index}`;
  while (index > 0 && names.has(name)) {
    index += 1;
    name = `${stem}_${index}`;
  }
  names.set(stem, index + 1);
  if (name !== stem) names.set(name, 1);
  return name;
}

function readAttributes(
  proto: BranchNode,
  node: string,
  readExternal: ReadExternal | undefined,
  diagnostics: Diagnostics,
): Record<string, AttributeValue> | undefined {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const attribute of proto.attribute ?? []) {
    const value = diagnostics.collect(() => readAttribute(attribute, node, readExternal));
    if (value === undefined) return undefined;
    attributes[attribute.name ?? ''] = value;
  }
  return { ...attributes };
}

/** The tensor of a Constant node; undefined (with a diagnostic) when it holds none that nanoc knows. */
function constantOf(node: Node, diagnostics: Diagnostics): Tensor | undefined {
  const { value, value_float, value_floats, value_int, value_ints } = node.attributes;
  if (typeof value === 'object' && 'data' in value) return value;
  if (typeof value_float === 'number') return { dtype: 'float32', shape: [], data: Float32Array.of(value_float) };
  if (Array.isArray(value_floats)) return vector('float32', Float32Array.from(value_floats as number[]));
  if (typeof value_int === 'number') return { dtype: 'int64', shape: [], data: BigInt64Array.of(toInt64(value_int)) };
  if (Array.isArray(value_ints)) return vector('int64', BigInt64Array.from((value_ints as number[]).map(toInt64)));
  diagnostics.error({
    code: 'NC0104',
    message: 'Constant holds no tensor, number or list of numbers',
    node: `"${node.name}" (Constant)`,
  });
  return undefined;
}

/** INT64_MAX ("to the end") is 2^63 as a double. */
function toInt64(value: number): bigint {
  return value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

function vector(dtype: Tensor['dtype'], data: Float32Array | BigInt64Array): Tensor {
  return { dtype, shape: [data.length], data };
}
