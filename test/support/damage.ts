/** Damages ONNX models: their bytes, or what they say. */
import onnxProto from 'onnx-proto';
import type { Random } from './random.js';

const { onnx } = onnxProto;
type ModelProto = onnxProto.onnx.ModelProto;

/** A copy with one to four bytes changed. */
export function damageBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let n = random.integer(1, 4); n > 0; n -= 1) {
    copy[random.integer(0, copy.length - 1)] = random.pick([random.integer(0, 255), 0, 1, 128, 255]);
  }
  return copy;
}

/** A model that is well-formed protobuf but says something else: one to three changes. */
export function damageMeaning(bytes: Uint8Array, random: Random): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  for (let n = random.integer(1, 3); n > 0; n -= 1) random.pick(changes)(model, random);
  return onnx.ModelProto.encode(model).finish();
}

const NUMBERS = [0, 1, -1, 2, 3, 7, -128, 255, 65536, 2 ** 31, 2 ** 40, -(2 ** 31), 2 ** 53];
const FLOATS = [0, -0, -1, 1e-40, 1e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5];
const number = (random: Random) => random.pick(NUMBERS);

type Change = (model: ModelProto, random: Random) => void;

const changes: readonly Change[] = [
  // Dimensions and type of an input or output.
  ({ graph }, random) => {
    const type = random.pick([...graph!.input!, ...graph!.output!]).type?.tensorType;
    if (type?.shape?.dim?.length)
      type.shape.dim[random.integer(0, type.shape.dim.length - 1)] = { dimValue: number(random) };
    if (type && random.chance(0.3)) type.elemType = random.integer(0, 24);
  },
  // Shape, type or data of an initializer.
  ({ graph }, random) => {
    if (graph!.initializer!.length === 0) return;
    const tensor = random.pick(graph!.initializer!);
    const what = random.integer(0, 3);
    if (what === 0 && tensor.dims!.length > 0)
      tensor.dims![random.integer(0, tensor.dims!.length - 1)] = number(random);
    if (what === 1) tensor.dims = random.chance(0.5) ? [] : [...tensor.dims!, 1];
    if (what === 2) tensor.dataType = random.integer(0, 24);
    if (what === 3 && tensor.dataType === 1 && tensor.rawData!.length >= 4) {
      const copy = Uint8Array.from(tensor.rawData!);
      new DataView(copy.buffer).setFloat32(4 * random.integer(0, copy.length / 4 - 1), random.pick(FLOATS), true);
      tensor.rawData = copy;
    }
  },
  // An initializer is gone.
  ({ graph }, random) => {
    if (graph!.initializer!.length > 0)
      graph!.initializer!.splice(random.integer(0, graph!.initializer!.length - 1), 1);
  },
  // An input of a node is another value, omitted, or too many.
  ({ graph }, random) => {
    const node = random.pick(graph!.node!);
    const names = [
      ...graph!.node!.flatMap((each) => each.output!),
      ...graph!.initializer!.map((each) => each.name!),
      '',
    ];
    if (node.input!.length === 0 || random.chance(0.2)) node.input!.push(random.pick(names));
    else node.input![random.integer(0, node.input!.length - 1)] = random.pick(names);
  },
  // An attribute is another number, list, or float.
  ({ graph }, random) => {
    const node = random.pick(graph!.node!);
    const [first] = node.attribute!;
    const attribute = node.attribute!.length > 0 ? random.pick(node.attribute!) : undefined;
    if (attribute === undefined || first === undefined) {
      const name = random.pick(['axis', 'group', 'pads', 'keepdims', 'perm', 'alpha', 'to', 'strides']);
      const ints = [number(random), number(random)];
      node.attribute = [random.chance(0.5) ? { name, type: 2, i: number(random) } : { name, type: 7, ints }].map(
        (each) => onnx.AttributeProto.create(each),
      );
    } else if (attribute.ints!.length > 0) {
      if (random.chance(0.3)) attribute.ints!.pop();
      else attribute.ints![random.integer(0, attribute.ints!.length - 1)] = number(random);
    } else if (random.chance(0.5)) attribute.i = number(random);
    else attribute.f = random.pick(FLOATS);
  },
  // A node is another operator, gone, or there twice.
  ({ graph }, random) => {
    const nodes = graph!.node!;
    const at = random.integer(0, nodes.length - 1);
    const what = random.integer(0, 2);
    if (what === 0) nodes[at]!.opType = random.pick(nodes).opType!;
    if (what === 1) nodes.splice(at, 1);
    if (what === 2) {
      const copy = onnx.NodeProto.decode(onnx.NodeProto.encode(nodes[at]!).finish());
      copy.output = copy.output!.map((name) => `${name}_copy`);
      nodes.push(copy);
    }
  },
  // Another output.
  ({ graph }, random) => {
    graph!.output!.push({
      name: random.pick([...graph!.node!.flatMap((node) => node.output!), ...graph!.input!.map((each) => each.name!)]),
    });
  },
  // Another opset.
  (model, random) => {
    model.opsetImport![0]!.version = random.integer(9, 25);
  },
];
