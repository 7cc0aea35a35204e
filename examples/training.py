"""What the training scripts of the examples share: fitting with JAX, export to ONNX, quantization and test vectors.

Everything is seeded: the same versions (requirements.txt) on the same computer give the same files.
"""

import json
import math
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

OPSET = 17


def he_normal(rng, shape, fan_in):
    """Float32 weights of He's normal distribution: standard deviation sqrt(2 / fan_in)."""
    return rng.normal(0.0, math.sqrt(2.0 / fan_in), shape).astype(np.float32)


def cross_entropy(logits, labels, smoothing=0.1):
    """Mean cross entropy with smoothed labels; logits [N, classes], labels [N] integers."""
    log_probability = jax.nn.log_softmax(logits)
    right = jnp.take_along_axis(log_probability, labels[:, None], axis=1)[:, 0]
    return -jnp.mean((1 - smoothing) * right + smoothing * log_probability.mean(axis=1))


def fit(parameters, loss, batches, steps, rate):
    """Adam with a cosine learning rate. `batches(step)` gives the arguments that `loss(parameters, *batch)` takes."""

    @jax.jit
    def update(parameters, first, second, step, *batch):
        value, gradients = jax.value_and_grad(loss)(parameters, *batch)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        now = step + 1.0
        speed = rate * 0.5 * (1.0 + jnp.cos(jnp.pi * step / steps))
        parameters = jax.tree.map(
            lambda p, m, v: p - speed * (m / (1 - 0.9**now)) / (jnp.sqrt(v / (1 - 0.999**now)) + 1e-8),
            parameters,
            first,
            second,
        )
        return parameters, first, second, value

    parameters = jax.tree.map(jnp.asarray, parameters)
    first = jax.tree.map(jnp.zeros_like, parameters)
    second = jax.tree.map(jnp.zeros_like, parameters)
    for step in range(steps):
        parameters, first, second, value = update(parameters, first, second, jnp.float32(step), *batches(step))
        if step % 500 == 499:
            print(f"step {step + 1}: loss {float(value):.5f}")
    return jax.tree.map(np.asarray, parameters)


def float_model(name, nodes, initializers, graph_input, graph_output):
    """A checked float32 ONNX model. `graph_input` and `graph_output` are (name, shape); batch is 1."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(graph_input[0], TensorProto.FLOAT, graph_input[1])],
        [helper.make_tensor_value_info(graph_output[0], TensorProto.FLOAT, graph_output[1])],
        [numpy_helper.from_array(np.asarray(value, np.float32), key) for key, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="nanoc example")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


class Samples(quantization.CalibrationDataReader):
    """Calibration data: one inference for each sample."""

    def __init__(self, name, samples):
        self.name = name
        self.samples = iter(samples)

    def get_next(self):
        sample = next(self.samples, None)
        return None if sample is None else {self.name: sample}


def quantize(model, samples, quant_format, overrides=None):
    """Static int8 quantization by ONNX Runtime: per-channel symmetric weights, min-max calibration on `samples`.
    `overrides` gives (scale, zero point) of tensors by name, for QDQ."""
    fixed = {
        name: [{"scale": np.array(scale, np.float32), "zero_point": np.array(zero_point, np.int8)}]
        for name, (scale, zero_point) in (overrides or {}).items()
    }
    extra_options = {"ActivationSymmetric": False, "WeightSymmetric": True}
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "quantized.onnx"
        onnx.save(model, before)
        quantization.quantize_static(
            before,
            after,
            Samples(model.graph.input[0].name, samples),
            quant_format=quant_format,
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            extra_options={**extra_options, **({"TensorQuantOverrides": fixed} if fixed else {})},
        )
        return onnx.load(after)


def constant(model, name):
    """Value of an initializer."""
    return next(numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.name == name)


def integer_edges(model):
    """Removes the QuantizeLinear behind the graph input and the DequantizeLinear before the graph output: the firmware
    reads and writes int8. Returns (scale, zero point) of the input and of the output."""
    graph = model.graph
    graph_input, graph_output = graph.input[0], graph.output[0]
    first = next(node for node in graph.node if graph_input.name in node.input)
    last = next(node for node in graph.node if graph_output.name in node.output)
    assert (first.op_type, last.op_type) == ("QuantizeLinear", "DequantizeLinear")
    graph.node.remove(first)
    graph.node.remove(last)
    renamed = {first.output[0]: graph_input.name, last.input[0]: graph_output.name}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in (graph_input, graph_output):
        value.type.tensor_type.elem_type = TensorProto.INT8
    del graph.value_info[:]
    return tuple(tuple(constant(model, name) for name in edge.input[1:3]) for edge in (first, last))


def add_arg_max(model, scores, name):
    """A second graph output: the index of the largest element of the int8 tensor [1, classes], int64 [1]."""
    model.graph.node.append(helper.make_node("ArgMax", [scores], [name], "arg_max", axis=1, keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.INT64, [1]))


def transpose_input(model, perm):
    """Puts a Transpose behind the graph input; `perm` gives the model's old input shape from the new one."""
    graph_input = model.graph.input[0]
    inner = f"{graph_input.name}_transposed"
    for node in model.graph.node:
        node.input[:] = [inner if name == graph_input.name else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("Transpose", [graph_input.name], [inner], inner, perm=perm))
    old = [dim.dim_value for dim in graph_input.type.tensor_type.shape.dim]
    for axis, size in zip(perm, old, strict=True):
        graph_input.type.tensor_type.shape.dim[axis].dim_value = size


def check_integer(model):
    """Refuses a float island: every operator computes on int8 tensors, between DequantizeLinear and QuantizeLinear or as QLinear."""
    onnx.checker.check_model(model)
    producer = {name: node.op_type for node in model.graph.node for name in node.output}
    consumers = {}
    for node in model.graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node.op_type)
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    }
    for name, elem_type in types.items():
        if elem_type == TensorProto.FLOAT and producer[name] != "DequantizeLinear":
            assert consumers[name] == ["QuantizeLinear"], f"{name} is a float tensor between {producer[name]} and {consumers[name]}"


def runner(model):
    """ONNX Runtime on one thread: a function from one input array to the list of outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda array: session.run(None, {name: array})


def run_all(model, inputs):
    """Outputs of ONNX Runtime for inputs [N, ...shape of the graph input], by name, each [N, ...shape]."""
    run = runner(model)
    results = [run(array) for array in inputs]
    return {output.name: np.stack([result[index] for result in results]) for index, output in enumerate(model.graph.output)}


def save(folder, model, inputs, labels, results):
    """Writes the model, `test.npz` (input, label and ONNX Runtime's outputs) and `training.json` with the figures `results`."""
    check_integer(model)
    outputs = run_all(model, inputs)
    onnx.save(model, folder / f"{folder.name}.onnx")
    np.savez_compressed(folder / "test.npz", input=inputs, label=labels, **outputs)
    (folder / "training.json").write_text(json.dumps(results, indent=2) + "\n")
    operators = ", ".join(node.op_type for node in model.graph.node)
    print(f"{operators}\n{json.dumps(results)}\n{(folder / f'{folder.name}.onnx').stat().st_size} bytes")
