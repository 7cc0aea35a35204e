"""Trains the wake-word example: a 1-D CNN that hears "hey nano" in 0.94 s of sound, on speech that espeak-ng makes.

cd examples && python -m wake-word.train (needs `apt install espeak-ng`)
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from onnx import helper
from onnxruntime.quantization import QuantFormat

from training import fit, float_model, he_normal, integer_edges, quantize, run_all, save, transpose_input

from .features import CHANNELS, SCALE, ZERO_POINT, features, frame_of
from .speech import WAKE_WORD, other_text, recording, speak_all, voices

SEED = 1
STEPS = 5000
BATCH = 128
WIDTH = 32
# Kernels of the depthwise convolutions; they and the stem's 5 frames see WINDOW frames in all.
STEM, STRIDE = 5, 2
KERNELS = [5, 9, 13, 21]
WINDOW = STEM + STRIDE * sum(kernel - 1 for kernel in KERNELS)
# Frames between the end of the word and the end of a window in which it must be heard, and in which it may be.
HEARD = range(2, 16)
MAYBE = range(-20, 45)
# Clips: (wake word, others).
TRAINING_CLIPS = (4500, 6000)
HELD_OUT_CLIPS = (600, 1500)
TEST_WINDOWS = 64


def initial(rng):
    shapes = {"stem": (WIDTH, CHANNELS, STEM)}
    for index, kernel in enumerate(KERNELS, 1):
        shapes[f"depthwise{index}"] = (WIDTH, 1, kernel)
        shapes[f"pointwise{index}"] = (WIDTH, WIDTH, 1)
    shapes["classifier"] = (1, WIDTH, 1)
    parameters = {f"{name}.weight": he_normal(rng, shape, shape[1] * shape[2]) for name, shape in shapes.items()}
    return parameters | {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}


def depthwise(x, weight):
    """The same as a grouped convolution, which XLA is slow at on CPUs."""
    length = x.shape[2] - weight.shape[2] + 1
    return sum(x[:, :, tap : tap + length] * weight[:, :, tap] for tap in range(weight.shape[2]))


def forward(parameters, x):
    """Logits [N, T'] of features [N, 40, T]; T' is 1 for a window."""
    weight = lambda name: parameters[f"{name}.weight"]
    bias = lambda name: parameters[f"{name}.bias"][:, None]
    x = jax.nn.relu(lax.conv_general_dilated(x, weight("stem"), (STRIDE,), "VALID") + bias("stem"))
    for index in range(1, len(KERNELS) + 1):
        x = depthwise(x, weight(f"depthwise{index}")) + bias(f"depthwise{index}")
        x = jax.nn.relu(jnp.einsum("oi,nit->not", weight(f"pointwise{index}")[:, :, 0], x) + bias(f"pointwise{index}"))
    return (jnp.einsum("oi,nit->not", weight("classifier")[:, :, 0], x) + bias("classifier"))[:, 0]


def loss(parameters, x, labels):
    logits = forward(parameters, x)[:, 0]
    return jnp.mean(jnp.logaddexp(0.0, logits) - labels * logits)


def real(quantized):
    """Features [N, T, 40] as the float model takes them, [N, 40, T]."""
    return ((quantized.astype(np.float32) - ZERO_POINT) * SCALE).transpose(0, 2, 1)


class Clips:
    """Features of recordings, and for each the frame at which the wake word ends, or None."""

    def __init__(self, rng, names, counts, phrases):
        wake = speak_all([WAKE_WORD] * (counts[0] // 3), names, rng)
        others = speak_all([other_text(rng) for _ in range(phrases)], names, rng)
        other = lambda: others[rng.integers(len(others))]
        self.features, self.ends = [], []
        for index in range(sum(counts)):
            is_wake = index < counts[0]
            parts = [other()] if not is_wake or rng.random() < 0.3 else []
            if is_wake:
                parts.append(wake[index % len(wake)])
            else:
                parts += [other() for _ in range(rng.integers(3))]
            samples, ends = recording(rng, parts, others)
            self.features.append(features(samples))
            self.ends.append(frame_of(ends[-1]) if is_wake else None)

    def windows(self, rng, count):
        """Windows [count, T, 40] and labels: a third hears the wake word, a third is of the same clips and does not."""
        has_word = [index for index, end in enumerate(self.ends) if end is not None]
        chosen, labels = [], []
        for position in range(count):
            label = position % 3 == 0
            index = rng.choice(has_word) if position % 3 < 2 else rng.integers(len(self.features))
            rows, end = self.features[index], self.ends[index]
            last = np.arange(WINDOW - 1, len(rows))
            if end is not None:
                allowed = HEARD if label else MAYBE
                inside = (last >= end + allowed.start) & (last < end + allowed.stop)
                last = last[inside if label else ~inside]
            at = rng.choice(last) + 1
            chosen.append(rows[at - WINDOW : at])
            labels.append(label)
        return np.stack(chosen), np.array(labels)

    def scores(self, parameters):
        """Probabilities of all windows of each clip, one every STRIDE frames."""
        run = jax.jit(lambda x: jax.nn.sigmoid(forward(parameters, x)))
        longest = max(len(rows) for rows in self.features)
        for rows in self.features:
            padded = np.full((longest, CHANNELS), ZERO_POINT, np.int8)
            padded[: len(rows)] = rows
            yield np.asarray(run(real(padded[None])))[0, : (len(rows) - WINDOW) // STRIDE + 1]


def detections(scores, cutoff, average=5, quiet=50):
    """Indices at which the mean of the latest scores reaches the cutoff, as the firmware tells it: then none for a second."""
    found = []
    means = np.convolve(scores, np.ones(average) / average, "valid")
    for index in np.flatnonzero(means >= cutoff):
        if not found or index - found[-1] >= quiet:
            found.append(index)
    return found


def detection_figures(parameters, clips, cutoff):
    """Share of wake words that are heard, false alarms in an hour of other speech, and hours of it."""
    heard, alarms, frames = 0, 0, 0
    for scores, rows, end in zip(clips.scores(parameters), clips.features, clips.ends, strict=True):
        found = detections(scores, cutoff)
        if end is None:
            alarms += len(found)
            frames += len(rows)
        else:
            heard += len(found) > 0
    words = sum(end is not None for end in clips.ends)
    return heard / words, alarms / (frames / 100 / 3600), frames / 100 / 3600


def export(parameters):
    nodes, x = [], "features"

    def conv(name, kernel, relu, **attributes):
        nonlocal x
        inputs = [x, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Conv", inputs, [name], name, kernel_shape=[kernel], **attributes))
        x = name
        if relu:
            nodes.append(helper.make_node("Relu", [x], [f"{name}_relu"], f"{name}_relu"))
            x = f"{name}_relu"

    conv("stem", STEM, True, strides=[STRIDE])
    for index, kernel in enumerate(KERNELS, 1):
        conv(f"depthwise{index}", kernel, False, group=WIDTH)
        conv(f"pointwise{index}", 1, True)
    conv("classifier", 1, False)
    nodes.append(helper.make_node("Flatten", [x], ["logit"], "flatten", axis=1))
    nodes.append(helper.make_node("Sigmoid", ["logit"], ["probability"], "sigmoid"))
    return float_model("wake_word", nodes, parameters, ("features", [1, CHANNELS, WINDOW]), ("probability", [1, 1]))


def main():
    training_voices, held_out_voices = voices()
    training = Clips(np.random.default_rng(SEED), training_voices, TRAINING_CLIPS, 4000)
    held_out = Clips(np.random.default_rng(SEED + 1), held_out_voices, HELD_OUT_CLIPS, 1000)
    print(f"{sum(map(len, training.features)) / 6000:.0f} minutes of training sound")
    rng = np.random.default_rng(SEED)

    def batch(_):
        windows, labels = training.windows(rng, BATCH)
        return real(windows), labels.astype(np.float32)

    parameters = fit(initial(rng), loss, batch, STEPS, 0.003)
    for cutoff in (0.5, 0.7, 0.8, 0.9, 0.95):
        print(cutoff, detection_figures(parameters, held_out, cutoff))

    windows, labels = held_out.windows(rng, TEST_WINDOWS)
    many, many_labels = held_out.windows(rng, 3000)
    model = export(parameters)
    calibration = [sample[None] for sample in real(training.windows(rng, 600)[0])]
    # The input's scale is that of the front end; the probability's is the one that a table of 256 steps suggests.
    fixed = {"features": (SCALE, ZERO_POINT), "probability": (1 / 256, -128)}
    quantized = quantize(model, calibration, QuantFormat.QDQ, fixed)
    (scale, zero_point), _ = integer_edges(quantized)
    assert (scale, zero_point) == (SCALE, ZERO_POINT), (scale, zero_point)
    transpose_input(quantized, [0, 2, 1])

    right = lambda outputs, threshold, truth: float(np.mean((outputs["probability"].reshape(-1) >= threshold) == truth))
    inputs = windows[:, None]
    results = {
        "testVectors": len(inputs),
        "measure": "accuracy",
        "float": round(right(run_all(model, real(windows)[:, None]), 0.5, labels), 4),
        "quantized": round(right(run_all(quantized, inputs), 0, labels), 4),
        "heldOut": {
            "windows": len(many),
            "float": round(right(run_all(model, real(many)[:, None]), 0.5, many_labels), 4),
            "quantized": round(right(run_all(quantized, many[:, None]), 0, many_labels), 4),
        },
    }
    save(Path(__file__).parent, quantized, inputs, labels.astype(np.int64), results)


if __name__ == "__main__":
    main()
