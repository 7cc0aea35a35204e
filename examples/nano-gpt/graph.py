"""One step of a decoder as an ONNX graph in primitive operators, as torch.onnx writes it:
token, pos, past_key, past_value -> logits, present_key, present_value; with linear attention token, past_state -> logits,
present_state."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .decoder import EPSILON, rotary_tables

OPSET = 17
MASK = -10000.0
# Matrix products that stay in float32 when a model is quantized: by the end of the node's name.
FLOAT_PRODUCTS = ("state_product", "router")
# The condition of an early exit.
SURE = "is_sure"


class Graph:
    """Nodes and constants as they are written; every method gives the name of a tensor."""

    def __init__(self):
        self.nodes = []
        self.initializers = {}

    def constant(self, name, array):
        self.initializers.setdefault(name, np.asarray(array))
        return name

    def integers(self, *values):
        return self.constant(f"shape_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def index(self, value):
        return self.constant(f"index_{value}", np.array(value, np.int64))

    def number(self, name, value):
        return self.constant(name, np.array(value, np.float32))

    def node(self, op, inputs, output, domain="", **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], output, domain=domain, **attributes))
        return output

    def reshape(self, x, *sizes):
        return self.node("Reshape", [x, self.integers(*sizes)], f"{x}_{'x'.join(map(str, sizes))}")


def weight_of(projection):
    """float32 [inputs, outputs], as quantization or pruning lets it be seen."""
    return np.ascontiguousarray(projection.effective().detach().numpy().T)


def float_product(graph, x, weight, name):
    return graph.node("MatMul", [x, graph.constant(f"{name}.weight", weight)], name)


def float_embedding(graph, table):
    return graph.node("Gather", [graph.constant("embedding", table), "token"], "embedded")


def step_model(model, product=float_product, embedding=float_embedding):
    """A checked ONNX model. `product(graph, x, weight [inputs, outputs], name)` writes a layer's matrix product,
    `embedding(graph, table)` the row of the token, [1, columns]."""
    graph, shape = Graph(), model.shape
    table = model.embedding.detach().numpy()
    x = embedding(graph, table)
    if model.widen:
        x = product(graph, x, weight_of(model.widen), "widen")
    mixer = LinearAttention(graph, shape) if shape.decays else CachedAttention(graph, shape)
    for index, layer in enumerate(model.layers):
        if shape.exit and index == shape.exit:
            exit_head(graph, model, x)
        name = f"layers.{index}"
        normal = normalized(graph, x, layer.attention_norm, f"{name}.attention_norm")
        mixed = mixer.layer(layer.attention, normal, index, product)
        x = graph.node("Add", [x, mixed], f"{name}.attended")
        normal = normalized(graph, x, layer.feed_forward_norm, f"{name}.feed_forward_norm")
        write = experts if shape.experts else feed_forward
        x = graph.node("Add", [x, write(graph, layer.feed_forward, normal, name, product)], f"{name}.output")
    x = normalized(graph, x, model.norm, "norm")
    if model.narrow:
        x = product(graph, x, weight_of(model.narrow), "narrow")
    if shape.exit:
        late = graph.node("MatMul", [x, "logits.weight"], "late_logits")
        join_exit(graph, shape, late, mixer)
    else:
        product(graph, x, np.ascontiguousarray(table.T), "logits")
    return finished(graph, shape, mixer)


def exit_head(graph, model, x):
    """`is_sure`: whether the largest probability of the logits after these layers is enough to leave."""
    normal = normalized(graph, x, model.exit_norm, "exit_norm")
    weight = graph.constant("logits.weight", np.ascontiguousarray(model.embedding.detach().numpy().T))
    graph.node("MatMul", [normal, weight], "early_logits")
    probability = graph.node("Softmax", ["early_logits"], "exit.probability", axis=-1)
    largest = graph.node("ReduceMax", [probability], "exit.largest", axes=[-1], keepdims=1)
    graph.node("Greater", [largest, graph.number("sure", model.shape.sure)], SURE)


def join_exit(graph, shape, late, mixer):
    """Logits and the caches of the layers behind the exit: as they were where the token has left. branches.py makes an If of it."""
    graph.node("Where", [SURE, "early_logits", late], "logits")
    for part, layers in mixer.states.items():
        for index in range(shape.exit, shape.layers):
            layers[index] = graph.node("Where", [SURE, f"past_{part}_{index}", layers[index]], f"layers.{index}.{part}s_kept")


def normalized(graph, x, norm, name):
    square = graph.node("Mul", [x, x], f"{name}.square")
    mean = graph.node("ReduceMean", [square], f"{name}.mean", axes=[-1], keepdims=1)
    above_zero = graph.node("Add", [mean, graph.number("epsilon", EPSILON)], f"{name}.sum")
    root = graph.node("Sqrt", [above_zero], f"{name}.root")
    inverse = graph.node("Div", [graph.number("one", 1.0), root], f"{name}.inverse")
    scaled = graph.node("Mul", [x, inverse], f"{name}.scaled")
    weight = graph.constant(f"{name}.weight", norm.weight.detach().numpy())
    return graph.node("Mul", [scaled, weight], name)


class CachedAttention:
    """Keys and values of all earlier tokens in a cache, [layers, context, groups * head] each."""

    def __init__(self, graph, shape):
        self.graph, self.shape = graph, shape
        cos, sin = rotary_tables(shape)
        indices = graph.constant("indices", np.arange(shape.context, dtype=np.int64))
        self.cos = graph.node("Gather", [graph.constant("cos", cos.numpy()), "pos"], "cos_of_position", axis=0)
        self.sin = graph.node("Gather", [graph.constant("sin", sin.numpy()), "pos"], "sin_of_position", axis=0)
        here = graph.node("Equal", [indices, "pos"], "is_position")
        self.here = graph.reshape(here, shape.context, 1)
        seen = graph.node("LessOrEqual", [indices, "pos"], "is_seen")
        self.hidden = graph.node("Not", [graph.reshape(seen, 1, shape.context)], "is_hidden")
        self.states = {"key": [], "value": []}
        self.state_shape = [shape.layers, shape.context, shape.groups * shape.head]
        self.inputs = {"token": [1], "pos": [1]}

    def layer(self, attention, x, index, product):
        graph, shape, name = self.graph, self.shape, f"layers.{index}"
        q, k, v = (product(graph, x, weight_of(getattr(attention, part)), f"{name}.{part}") for part in "qkv")
        q = self.rotated(q, shape.heads)
        k = graph.reshape(self.rotated(k, shape.groups), 1, shape.groups * shape.head)
        keys = self.read(self.update(k, "key", index), [1, 2, 0])
        values = self.read(self.update(v, "value", index), [1, 0, 2])
        q = graph.reshape(q, shape.groups, shape.heads // shape.groups, shape.head)
        scores = graph.node("MatMul", [q, keys], f"{name}.scores")
        root = graph.number("root_of_head", math.sqrt(shape.head))
        scaled = graph.node("Div", [scores, root], f"{name}.scaled_scores")
        masked = graph.node("Where", [self.hidden, graph.number("mask", MASK), scaled], f"{name}.masked")
        weights = graph.node("Softmax", [masked], f"{name}.weights", axis=-1)
        mixed = graph.node("MatMul", [weights, values], f"{name}.mixed")
        return product(graph, graph.reshape(mixed, 1, shape.width), weight_of(attention.o), f"{name}.o")

    def rotated(self, x, heads):
        graph, half = self.graph, self.shape.head // 2
        pairs = graph.reshape(x, heads, half, 2)
        even, odd = (graph.node("Gather", [pairs, graph.index(i)], f"{x}_{i}", axis=2) for i in (0, 1))
        parts = []
        for op, (a, b) in {"Sub": (self.cos, self.sin), "Add": (self.sin, self.cos)}.items():
            left = graph.node("Mul", [even, a], f"{x}_even_{op}")
            right = graph.node("Mul", [odd, b], f"{x}_odd_{op}")
            turned = graph.node(op, [left, right], f"{x}_{op}")
            parts.append(graph.node("Unsqueeze", [turned, graph.integers(-1)], f"{turned}_column"))
        return graph.reshape(graph.node("Concat", parts, f"{x}_rotated", axis=-1), heads, self.shape.head)

    def update(self, row, part, index):
        past = self.graph.node("Gather", [f"past_{part}", self.graph.index(index)], f"past_{part}_{index}", axis=0)
        present = self.graph.node("Where", [self.here, row, past], f"layers.{index}.{part}s")
        self.states[part].append(present)
        return present

    def read(self, cache, perm):
        split = self.graph.reshape(cache, self.shape.context, self.shape.groups, self.shape.head)
        return self.graph.node("Transpose", [split], f"{cache}_transposed", perm=perm)


class LinearAttention:
    """A matrix for each group of heads, which fades: [layers, groups, head, head]."""

    def __init__(self, graph, shape):
        self.graph, self.shape = graph, shape
        decays = np.array(shape.decays, np.float32).reshape(shape.groups, 1, 1)
        self.decays = graph.constant("decays", decays)
        self.states = {"state": []}
        self.state_shape = [shape.layers, shape.groups, shape.head, shape.head]
        self.inputs = {"token": [1]}

    def layer(self, attention, x, index, product):
        graph, shape, name = self.graph, self.shape, f"layers.{index}"
        q, k, v = (product(graph, x, weight_of(getattr(attention, part)), f"{name}.{part}") for part in "qkv")
        column = graph.reshape(k, shape.groups, shape.head, 1)
        row = graph.reshape(v, shape.groups, 1, shape.head)
        new = graph.node("Mul", [column, row], f"{name}.new")
        past = graph.node("Gather", ["past_state", graph.index(index)], f"past_state_{index}", axis=0)
        faded = graph.node("Mul", [past, self.decays], f"{name}.faded")
        state = graph.node("Add", [faded, new], f"{name}.state")
        self.states["state"].append(state)
        q = graph.reshape(q, shape.groups, shape.heads // shape.groups, shape.head)
        mixed = graph.node("MatMul", [q, state], f"{name}.state_product")
        return product(graph, graph.reshape(mixed, 1, shape.width), weight_of(attention.o), f"{name}.o")


def feed_forward(graph, block, x, name, product):
    gate = product(graph, x, weight_of(block.gate), f"{name}.gate")
    up = product(graph, x, weight_of(block.up), f"{name}.up")
    return product(graph, gated(graph, gate, up, name), weight_of(block.down), f"{name}.down")


def gated(graph, gate, up, name):
    sigmoid = graph.node("Sigmoid", [gate], f"{name}.sigmoid")
    silu = graph.node("Mul", [gate, sigmoid], f"{name}.silu")
    return graph.node("Mul", [silu, up], f"{name}.gated")


def experts(graph, block, x, name, product):
    """The router's choice gathers one expert's weights out of each [experts, inputs, outputs]."""
    scores = float_product(graph, x, weight_of(block.router), f"{name}.router")
    probability = graph.node("Softmax", [scores], f"{name}.probability", axis=-1)
    flat = graph.reshape(probability, len(block.experts))
    best = graph.node("ArgMax", [flat], f"{name}.expert", axis=0, keepdims=0)

    def chosen(part):
        stacked = np.stack([weight_of(getattr(expert, part)) for expert in block.experts])
        constant = graph.constant(f"{name}.{part}.experts", stacked)
        return graph.node("Gather", [constant, best], f"{name}.{part}.chosen", axis=0)

    gate = graph.node("MatMul", [x, chosen("gate")], f"{name}.gate")
    up = graph.node("MatMul", [x, chosen("up")], f"{name}.up")
    down = graph.node("MatMul", [gated(graph, gate, up, name), chosen("down")], f"{name}.down")
    share = graph.node("ReduceMax", [probability], f"{name}.share", axes=[-1], keepdims=1)
    return graph.node("Mul", [down, share], f"{name}.weighted")


def finished(graph, shape, mixer):
    for part, layers in mixer.states.items():
        rows = [graph.node("Unsqueeze", [layer, graph.integers(0)], f"{layer}_whole") for layer in layers]
        graph.node("Concat", rows, f"present_{part}", axis=0)
    info = helper.make_tensor_value_info
    inputs = [info(name, TensorProto.INT64, size) for name, size in mixer.inputs.items()]
    inputs += [info(f"past_{part}", TensorProto.FLOAT, mixer.state_shape) for part in mixer.states]
    outputs = [info("logits", TensorProto.FLOAT, [1, shape.vocabulary])]
    outputs += [info(f"present_{part}", TensorProto.FLOAT, mixer.state_shape) for part in mixer.states]
    constants = [numpy_helper.from_array(array, name) for name, array in graph.initializers.items()]
    onnx_graph = helper.make_graph(graph.nodes, "nano_gpt", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(onnx_graph, opset_imports=opsets, producer_name="nanoc example")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model
