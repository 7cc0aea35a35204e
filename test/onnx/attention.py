"""Answers of the reference evaluator of the package `onnx` (1.23.2) to Attention, where releases of ONNX Runtime differ from the text of ONNX.

    pip install onnx==1.23.2 && python test/onnx/attention.py > test/onnx/attention.json
"""

import json

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

random = np.random.default_rng(24)
TYPES = {"float32": TensorProto.FLOAT, "bool": TensorProto.BOOL, "int64": TensorProto.INT64}
ORDER = ["q", "k", "v", "mask", "past_k", "past_v", "valid"]


def floats(*shape):
    """Multiples of 1/8, which JSON keeps as they are."""
    return (random.integers(-16, 17, shape) / 8).astype(np.float32)


def operands(heads=2, shared=2, batch=1, queries=3, keys=5, size=4, **others):
    tensors = {
        "q": floats(batch, heads, queries, size),
        "k": floats(batch, shared, keys, size),
        "v": floats(batch, shared, keys, size),
    }
    return tensors | others


def valid(*counts):
    return np.array(counts, np.int64)


lowest = floats(3, 5)
lowest[1] = -np.inf
lowest[2, :4] = -np.inf
rows = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 0]], bool)

CASES = {
    "causal over the tokens of a cache, two in a batch": (operands(batch=2, valid=valid(5, 3)), {"is_causal": 1}),
    "fewer tokens than queries: rows without a key": (operands(valid=valid(2)), {"is_causal": 1}),
    "no token at all": (operands(valid=valid(0)), {}),
    "no token at all, one query": (operands(heads=4, queries=1, valid=valid(0)), {}),
    "one query, three tokens, causal": (operands(heads=4, queries=1, valid=valid(3)), {"is_causal": 1}),
    "a row that a bool mask forbids": (operands(mask=rows), {}),
    "a row that a bool mask and the order forbid": (operands(mask=rows[[2, 0, 0]]), {"is_causal": 1}),
    "a row that a float mask forbids": (operands(mask=lowest), {}),
    "a mask of the first keys": (operands(mask=rows[[0, 0, 2]][:, :3]), {}),
    "a float mask of the first keys": (operands(mask=floats(3, 2)), {"softcap": 2.0}),
    "a mask beside the tokens of a cache": (operands(heads=4, batch=2, mask=rows[[0, 0, 2]], valid=valid(1, 4)), {}),
}


def answer(name, tensors, attributes):
    names = [each if each in tensors else "" for each in ORDER]
    while names[-1] == "":
        names.pop()
    inputs = [helper.make_tensor_value_info(n, TYPES[str(t.dtype)], t.shape) for n, t in tensors.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, tensors["q"].shape)
    node = helper.make_node("Attention", names, ["y"], **attributes)
    graph = helper.make_graph([node], "attention", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)])
    (y,) = ReferenceEvaluator(model).run(None, tensors)
    return {"name": name, "attributes": attributes, "inputs": {n: dump(t) for n, t in tensors.items()}, "y": dump(y)}


def dump(tensor):
    """JSON has no infinities: the one that masks is a string."""
    kind = float if tensor.dtype == np.float32 else int
    flat = ["-Infinity" if x == -np.inf else kind(x) for x in tensor.reshape(-1)]
    return {"dtype": str(tensor.dtype), "shape": list(tensor.shape), "data": flat}


print("[\n" + ",\n".join(json.dumps(answer(name, *case)) for name, case in CASES.items()) + "\n]")
