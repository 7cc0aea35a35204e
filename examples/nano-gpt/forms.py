"""The quantized forms of a step: QDQ int8 by ONNX Runtime's static quantizer, and com.microsoft.MatMulNBits of 4 and 2 bits."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnxruntime import quantization

from .fit import four_bit_blocks
from .graph import FLOAT_PRODUCTS, step_model

# One scale for each row of the 8-bit embedding, which is an output of the last product: a block as wide as the model.
TERNARY_BLOCK = 64


class Feeds(quantization.CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def int8_step(model, calibrate):
    """QDQ on all matrix products: per-channel symmetric weights, min-max calibration on the feeds that `calibrate` makes of the
    float model. The embedding is the bytes of the output layer."""
    before = step_model(model)
    scales = {name: np.abs(array).max() / 127 for name, array in expert_weights(before).items()}
    overrides = {
        name: [{"scale": np.array(scale, np.float32), "zero_point": np.array(0, np.int8)}] for name, scale in scales.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "quantized.onnx"
        onnx.save(before, source)
        quantization.quantize_static(
            source,
            target,
            Feeds(calibrate(before)),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            # Softmax of an exit alone: attention has its own.
            op_types_to_quantize=["MatMul", "Softmax"] if model.shape.exit else ["MatMul"],
            nodes_to_exclude=[node.name for node in before.graph.node if node.name.endswith((*FLOAT_PRODUCTS, ".weights"))],
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, "TensorQuantOverrides": overrides},
        )
        after = onnx.load(target)
    tie_embedding(after)
    gather_bytes(after)
    onnx.checker.check_model(after)
    return after


def expert_weights(model):
    """Weights [experts, inputs, outputs] by the tensor that one expert is gathered into."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    return {
        node.output[0]: numpy_helper.to_array(constants[node.input[0]])
        for node in model.graph.node
        if node.op_type == "Gather" and node.output[0].endswith(".chosen")
    }


def replace_constant(model, name, *arrays):
    """Other constants, (name, array) each, in the place of one."""
    kept = [tensor for tensor in model.graph.initializer if tensor.name != name]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *(numpy_helper.from_array(array, key) for key, array in arrays)])


def tie_embedding(model):
    """The token's row is a column of the quantized output layer times its scale: one table of bytes serves both."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    table = np.ascontiguousarray(constants["logits.weight_quantized"].T)
    gather = next(node for node in model.graph.node if "embedding" in node.input)
    place = list(model.graph.node).index(gather)
    model.graph.node.remove(gather)
    for node in reversed(embedded_row("int8", gather.output[0])):
        model.graph.node.insert(place, node)
    scales = constants["logits.weight_scale"].reshape(-1, 1)
    replace_constant(model, "embedding", ("embedding.bytes", table), ("embedding.scales", scales))


def embedded_row(kind, output):
    """Nodes from `token` to a float row: a row of bytes and its scale."""
    nodes = [
        helper.make_node("Gather", ["embedding.bytes", "token"], ["embedding.row"], "embedding.row", axis=0),
        helper.make_node("Cast", ["embedding.row"], ["embedding.values"], "embedding.values", to=onnx.TensorProto.FLOAT),
        helper.make_node("Gather", ["embedding.scales", "token"], ["embedding.scale"], "embedding.scale", axis=0),
    ]
    values = "embedding.values"
    if kind == "uint8":
        nodes.append(helper.make_node("Sub", [values, "embedding.zero"], ["embedding.signed"], "embedding.signed"))
        values = "embedding.signed"
    return [*nodes, helper.make_node("Mul", [values, "embedding.scale"], [output], output)]


def gather_bytes(model):
    """Gather of float expert weights that are quantized behind it becomes Gather of their bytes."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for quantize in [node for node in model.graph.node if node.op_type == "QuantizeLinear" and node.input[0].endswith(".chosen")]:
        gather = next(node for node in model.graph.node if quantize.input[0] in node.output)
        scale, zero = (constants[name] for name in quantize.input[1:3])
        name = gather.input[0]
        quantized = np.clip(np.round(constants[name] / scale) + zero, -128, 127).astype(np.int8)
        model.graph.node.remove(quantize)
        gather.input[0], gather.output[0] = f"{name}.bytes", quantize.output[0]
        replace_constant(model, name, (f"{name}.bytes", quantized))


def packed(values, bits):
    """Unsigned fields [columns, blocks, block] to bytes, the first field in the low bits."""
    per_byte = 8 // bits
    fields = values.reshape(*values.shape[:2], -1, per_byte).astype(np.uint32)
    return (fields << (np.arange(per_byte, dtype=np.uint32) * bits)).sum(-1).astype(np.uint8)


def n_bits(graph, x, name, fields, scales, bits, block, inner):
    """A MatMulNBits of fields [columns, blocks, block] and scales [columns, blocks]; the zero point is 2^(bits - 1)."""
    inputs = [
        x,
        graph.constant(f"{name}.bits", packed(fields, bits)),
        graph.constant(f"{name}.scales", scales.astype(np.float32)),
    ]
    sizes = {"K": inner, "N": len(fields), "bits": bits, "block_size": block, "accuracy_level": 4}
    return graph.node("MatMulNBits", inputs, name, "com.microsoft", **sizes)


def four_bit_product(block):
    def product(graph, x, weight, name):
        if name == "logits":
            return embedding_product(graph, x, weight, name)
        values, scales = (t.numpy() for t in four_bit_blocks(torch.from_numpy(weight.T.copy()), block))
        return n_bits(graph, x, name, values + 8, scales[..., 0], 4, block, len(weight))

    return product


def ternary_product(graph, x, weight, name):
    if name == "logits":
        return embedding_product(graph, x, weight, name)
    values = np.sign(weight.T)
    scale = np.abs(weight).max()
    blocks = -(-len(weight) // TERNARY_BLOCK)
    fields = np.full((weight.shape[1], blocks * TERNARY_BLOCK), 2.0)
    fields[:, : len(weight)] += values
    scales = np.full((weight.shape[1], blocks), scale)
    return n_bits(graph, x, name, fields.reshape(len(fields), blocks, -1), scales, 2, TERNARY_BLOCK, len(weight))


def embedding_bytes(table):
    """Rows as uint8 with the zero point 128, and a scale for each row."""
    scales = np.abs(table).max(1, keepdims=True) / 127
    return (np.round(table / scales) + 128).astype(np.uint8), scales.astype(np.float32)


def embedding_product(graph, x, weight, name):
    """The output layer in 8 bits: the bytes of the embedding."""
    fields, scales = embedding_bytes(weight.T)
    return n_bits(graph, x, name, fields[:, None], scales, 8, len(weight), len(weight))


def byte_embedding(graph, table):
    fields, scales = embedding_bytes(table)
    graph.constant("embedding.bytes", fields)
    graph.constant("embedding.scales", scales)
    graph.number("embedding.zero", 128.0)
    graph.nodes.extend(embedded_row("uint8", "embedded"))
    return "embedded"
