"""Runs a step by ONNX Runtime, token by token."""

import math

import numpy as np
import onnxruntime

from .corpus import BEGIN


class Runner:
    """ONNX Runtime on one thread with the states of a text."""

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.inputs = {value.name: value.shape for value in self.session.get_inputs()}
        self.outputs = [value.name for value in self.session.get_outputs()]
        self.begin()

    def begin(self):
        """Forgets the text."""
        self.position = 0
        self.states = {name: np.zeros(size, np.float32) for name, size in self.inputs.items() if name.startswith("past_")}

    def feed(self, token):
        """Inputs of the next step."""
        feed = {"token": np.array([token], np.int64), **self.states}
        return {**feed, "pos": np.array([self.position], np.int64)} if "pos" in self.inputs else feed

    def step(self, token):
        """Logits [vocabulary]."""
        results = dict(zip(self.outputs, self.session.run(None, self.feed(token)), strict=True))
        self.position += 1
        self.states = {name: results[name.replace("past_", "present_")] for name in self.states}
        return results["logits"][0]


def loss_of(runner, corpus, context):
    """Mean loss of a held-out token, in nats."""
    total, count = 0.0, 0
    for inputs, targets in corpus.windows(context):
        runner.begin()
        for token, target in zip(inputs, targets, strict=True):
            logits = runner.step(token).astype(np.float64)
            total += math.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[target]
            count += 1
    return total / count


def greedy(runner, prompt, count):
    """The most likely tokens after `prompt` (the first of equals), and how far the two best logits are apart at each."""
    runner.begin()
    for token in prompt:
        logits = runner.step(token)
    tokens, gaps = [], []
    for _ in range(count):
        tokens.append(int(logits.argmax()))
        second, first = np.sort(logits)[-2:]
        gaps.append(round(float(first - second), 5))
        logits = runner.step(tokens[-1])
    return tokens, gaps


def calibration_feeds(model, corpus, pieces, context):
    """Inputs of steps over training text, with the caches of the float model."""
    runner = Runner(model)
    rng = np.random.default_rng(0)
    inputs, _ = corpus.batch(rng, pieces, context)
    assert (inputs[:, 0] == BEGIN).all()
    for row in inputs:
        runner.begin()
        for token in row:
            yield runner.feed(token)
            runner.step(token)
