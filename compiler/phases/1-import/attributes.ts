import type onnxProto from 'onnx-proto';
import { fail } from '../../diagnostics/diagnostic.js';
import type { AttributeValue } from '../../ir/graph.js';
import { type ReadExternal, readTensor, toNumber } from './tensor-proto.js';

type AttributeProto = onnxProto.onnx.IAttributeProto;

/** AttributeProto.AttributeType (onnx.proto3). */
const KIND = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, graphs: 10 } as const;

const text = new TextDecoder();

/** An attribute as a plain value. Subgraphs (of Loop and Scan; If has none any more) are not supported: NC0108. */
export function readAttribute(
  proto: AttributeProto,
  node: string,
  readExternal: ReadExternal | undefined,
): AttributeValue {
  switch (kindOf(proto)) {
    case KIND.float:
      return proto.f ?? 0;
    case KIND.int:
      return integer(proto.i, node, proto.name ?? '');
    case KIND.string:
      return text.decode(proto.s ?? new Uint8Array());
    case KIND.tensor:
      return readTensor(proto.t ?? {}, `attribute "${proto.name}" of ${node}`, readExternal);
    case KIND.floats:
      return [...(proto.floats ?? [])];
    case KIND.ints:
      return (proto.ints ?? []).map((value) => integer(value, node, proto.name ?? ''));
    case KIND.strings:
      return (proto.strings ?? []).map((value) => text.decode(value));
    default:
      return fail({
        code: 'NC0108',
        message: `attribute "${proto.name}" holds a subgraph or a kind of value that nanoc does not support`,
        node,
        because: 'loops (Loop, Scan) and sparse attributes are not compiled; of control flow, If is',
        help: 'unroll the loop when exporting, or run one step of it at a time with its values as states (--state)',
      });
  }
}

/** Files of IR version 1 leave the type out: then the field that is set tells. */
function kindOf(proto: AttributeProto): number {
  if (proto.type) return toNumber(proto.type);
  if (proto.t) return KIND.tensor;
  if (proto.g) return KIND.graph;
  if (proto.ints?.length) return KIND.ints;
  if (proto.floats?.length) return KIND.floats;
  if (proto.strings?.length) return KIND.strings;
  if (proto.s?.length) return KIND.string;
  return proto.f ? KIND.float : KIND.int;
}

/** int64 attributes beyond 2^53 (INT64_MAX as "to the end") keep their meaning as the nearest double. */
function integer(value: unknown, node: string, name: string): number {
  const number = toNumber(value);
  if (!Number.isFinite(number)) fail({ code: 'NC0103', message: `attribute "${name}" is not a number`, node });
  return number;
}
