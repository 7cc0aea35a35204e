/** Names go into messages, C comments and JSON: those with control characters are refused before they get anywhere. */
import type onnxProto from 'onnx-proto';
import { fail } from '../../diagnostics/diagnostic.js';

type GraphProto = onnxProto.onnx.IGraphProto;
type ModelProto = onnxProto.onnx.IModelProto;
type NodeProto = onnxProto.onnx.INodeProto;
type Name = string | null | undefined;

/** @throws CompileError NC0113 for the first name that holds a control character (Unicode category Cc) or a line separator */
export function checkNames(model: ModelProto, graph: GraphProto): void {
  for (const name of namesOf(model, graph)) {
    if (name && /[\p{Cc}\u2028\u2029]/u.test(name)) {
      fail({
        code: 'NC0113',
        message: `a name holds control characters: ${JSON.stringify(name)}`,
        because: 'names are printed on terminals and written into C',
        help: 'rename it; such names come from faulty or hostile exporters',
      });
    }
  }
}

function* namesOf(model: ModelProto, graph: GraphProto): Iterable<Name> {
  for (const { domain } of model.opsetImport ?? []) yield domain;
  yield* graphNames(graph);
  for (const { name, domain, input, output, node } of model.functions ?? []) {
    yield* [name, domain, ...(input ?? []), ...(output ?? [])];
    yield* nodeNames(node ?? []);
  }
}

function* graphNames(graph: GraphProto): Iterable<Name> {
  for (const info of [...(graph.input ?? []), ...(graph.output ?? [])]) {
    yield info.name;
    for (const { dimParam } of info.type?.tensorType?.shape?.dim ?? []) yield dimParam;
  }
  for (const { name } of graph.initializer ?? []) yield name;
  yield* nodeNames(graph.node ?? []);
}

function* nodeNames(nodes: readonly NodeProto[]): Iterable<Name> {
  for (const { name, opType, domain, input, output, attribute } of nodes) {
    yield* [name, opType, domain, ...(input ?? []), ...(output ?? [])];
    for (const { name: of, g } of attribute ?? []) {
      yield of;
      if (g) yield* graphNames(g);
    }
  }
}
