"""Choices between two computations become ONNX `If`, of which one branch runs."""

import onnx
from onnx import TensorProto, helper


def with_branches(model, condition):
    """Every float Where(condition, a, b) of the graph becomes an output of one If; what only the `b` need is computed in its else_branch."""
    graph = model.graph
    choices = [node for node in graph.node if node.op_type == "Where" and node.input[0] == condition]
    chosen = {name for node in choices for name in node.output}
    late = only_for(graph, [node.input[2] for node in choices], choices)
    behind = {node.output[0] for node in after(graph, chosen)}
    info = [helper.make_tensor_value_info(node.input[2], TensorProto.FLOAT, None) for node in choices]
    then_nodes = [helper.make_node("Identity", [node.input[1]], [f"{node.output[0]}_early"], f"{node.output[0]}_early") for node in choices]
    then_info = [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None) for node in then_nodes]
    branch = helper.make_node(
        "If",
        [condition],
        [node.output[0] for node in choices],
        f"if_{condition}",
        then_branch=helper.make_graph(then_nodes, "then", [], then_info),
        else_branch=helper.make_graph(late, "else", [], info),
    )
    taken = {node.output[0] for node in [*late, *choices]}
    nodes = [node for node in graph.node if node.output[0] not in taken]
    kept = [node for node in nodes if node.output[0] not in behind]
    rest = [node for node in nodes if node.output[0] in behind]
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:]
    result.graph.node.extend([*kept, branch, *rest])
    onnx.checker.check_model(result)
    return result


def only_for(graph, names, choices):
    """Nodes that nothing but `names` needs, in their order."""
    writer = {name: node for node in graph.node for name in node.output}
    chosen = {node.output[0] for node in choices}
    needed, stack = set(), [output.name for output in graph.output]
    while stack:
        node = writer.get(stack.pop())
        if node is None or node.output[0] in needed:
            continue
        needed.add(node.output[0])
        stack.extend(node.input[:2] if node.output[0] in chosen else node.input)
    return [node for node in graph.node if node.output[0] not in needed]


def after(graph, names):
    """Nodes that read any of these, directly or not."""
    names, found = set(names), []
    for node in graph.node:
        if names & set(node.input) and not names & set(node.output):
            names |= set(node.output)
            found.append(node)
    return found
