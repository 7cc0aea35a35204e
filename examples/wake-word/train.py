"""Trains the wake-word example: a 1-D CNN that hears "hey nano" in 0.93 s of sound, on speech that espeak-ng makes.

cd examples && python -m wake-word.train (needs `apt install espeak-ng`)
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from onnx import helper
from onnxruntime.quantization import QuantFormat

from training import fit, float_model, he_normal, integer_edges, quantize, run_all, runner, save, transpose_input

from .features import CHANNELS, SCALE, ZERO_POINT, features, frame_of
from .speech import WAKE_WORD, confusing_text, ordinary_text, recording, speak_all, voices

SEED = 1
STEPS = 6000
BATCH = 128
WIDTH = 32
DECAY = 1e-4
# Kernels of the depthwise convolutions; they and the stem's 5 frames see WINDOW frames in all.
STEM, STRIDE = 5, 2
KERNELS = [5, 9, 13, 21]
WINDOW = STEM + STRIDE * sum(kernel - 1 for kernel in KERNELS)
# Frames between the end of the word and the end of a window in which it must be heard, and in which it may be.
HEARD = range(2, 16)
MAYBE = range(-20, 45)
# Recordings: with the wake word, with phrases like it, with other speech.
TRAINING = {"wake": 5000, "confusing": 3000, "ordinary": 5000}
HELD_OUT = {"wake": 600, "confusing": 600, "ordinary": 900}
# What the firmware does with the scores, of which there are 50 a second: it tells a mean that reaches the cutoff, and then none for a second.
AVERAGE, CUTOFF, QUIET = 5, 0.8, 50
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
    weights = sum(jnp.sum(value**2) for name, value in parameters.items() if name.endswith("weight"))
    return jnp.mean(jnp.logaddexp(0.0, logits) - labels * logits) + DECAY * weights


def real(quantized):
    """Features [N, T, 40] as the float model takes them, [N, 40, T]."""
    return ((quantized.astype(np.float32) - ZERO_POINT) * SCALE).transpose(0, 2, 1)


class Clips:
    """Features of recordings: rows, kind, and the frame at which the wake word ends, or None."""

    def __init__(self, rng, names, counts):
        said = {
            "wake": [WAKE_WORD] * (counts["wake"] // 2),
            "confusing": [confusing_text(rng) for _ in range(counts["confusing"] // 2)],
            "ordinary": [ordinary_text(rng) for _ in range(counts["ordinary"])],
        }
        spoken = {kind: speak_all(texts, names, rng) for kind, texts in said.items()}
        pick = lambda kind: spoken[kind][rng.integers(len(spoken[kind]))]
        self.clips = []
        for kind, count in counts.items():
            for _ in range(count):
                parts = [pick(kind)]
                if kind == "wake" and rng.random() < 0.3:
                    parts.insert(0, pick("ordinary"))
                if kind == "ordinary":
                    parts += [pick("ordinary") for _ in range(rng.integers(3))]
                samples, ends = recording(rng, parts, spoken["ordinary"])
                self.clips.append((features(samples), kind, frame_of(ends[-1]) if kind == "wake" else None))

    def minutes(self, kind):
        return sum(len(rows) for rows, of, _ in self.clips if of == kind) / 6000

    def windows(self, rng, count):
        """Windows [count, T, 40] and labels: a third hears the wake word, a third is of the same clips and does not."""
        wake = [clip for clip in self.clips if clip[1] == "wake"]
        chosen, labels = [], []
        for position in range(count):
            label = position % 3 == 0
            clips = wake if position % 3 < 2 else self.clips
            rows, _, end = clips[rng.integers(len(clips))]
            last = np.arange(WINDOW - 1, len(rows))
            if end is not None:
                allowed = HEARD if label else MAYBE
                inside = (last >= end + allowed.start) & (last < end + allowed.stop)
                last = last[inside if label else ~inside]
            at = rng.choice(last) + 1
            chosen.append(rows[at - WINDOW : at])
            labels.append(label)
        return np.stack(chosen), np.array(labels)


def with_gaps(windows, rng):
    """Windows in which some frames and some channels are silent, so that no sound alone decides."""
    windows = windows.copy()
    for window in windows:
        frame, channel = rng.integers(WINDOW - 12), rng.integers(CHANNELS - 6)
        window[frame : frame + rng.integers(13)] = ZERO_POINT
        window[:, channel : channel + rng.integers(7)] = ZERO_POINT
    return windows


def detections(scores, cutoff):
    """Indices of scores at which the firmware tells a detection."""
    found = []
    means = np.convolve(scores, np.ones(AVERAGE) / AVERAGE, "valid")
    for index in np.flatnonzero(means >= cutoff):
        if not found or index - found[-1] >= QUIET:
            found.append(index)
    return found


def detection_figures(scores_of, clips, cutoff):
    """What is heard of the held-out voices; `scores_of` gives a clip's scores, one every STRIDE frames."""
    found = {"wake": [], "confusing": [], "ordinary": []}
    for (_, kind, _), scores in zip(clips.clips, scores_of, strict=True):
        found[kind].append(len(detections(scores, cutoff)))
    return {
        "cutoff": cutoff,
        "heard": round(float(np.mean(np.array(found["wake"]) > 0)), 4),
        "wokenByPhrasesLikeIt": round(float(np.mean(np.array(found["confusing"]) > 0)), 4),
        "falseAlarmsAnHour": round(sum(found["ordinary"]) / clips.minutes("ordinary") * 60, 1),
        "hours": round(clips.minutes("ordinary") / 60, 2),
    }


def scores_of(model, clips):
    """Probabilities by ONNX Runtime of all windows of each clip."""
    run = runner(model)
    for rows, _, _ in clips.clips:
        starts = range(0, len(rows) - WINDOW + 1, STRIDE)
        yield np.array([(int(run(rows[None, start : start + WINDOW])[0][0, 0]) + 128) / 256 for start in starts])


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
    training = Clips(np.random.default_rng(SEED), training_voices, TRAINING)
    held_out = Clips(np.random.default_rng(SEED + 1), held_out_voices, HELD_OUT)
    print(f"{sum(map(training.minutes, TRAINING)):.0f} minutes of training sound", flush=True)
    rng = np.random.default_rng(SEED)

    def batch(_):
        windows, labels = training.windows(rng, BATCH)
        return real(with_gaps(windows, rng)), labels.astype(np.float32)

    parameters = fit(initial(rng), loss, batch, STEPS, 0.003)
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
    scores = list(scores_of(quantized, held_out))
    for cutoff in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        print(detection_figures(scores, held_out, cutoff), flush=True)

    right = lambda outputs, threshold, truth: float(np.mean((outputs["probability"].reshape(-1) >= threshold) == truth))
    inputs = windows[:, None]
    results = {
        "testVectors": len(inputs),
        "measure": "accuracy",
        "float": round(right(run_all(model, real(windows)[:, None]), 0.5, labels), 4),
        "quantized": round(right(run_all(quantized, inputs), 0, labels), 4),
        "heldOutWindows": {
            "count": len(many),
            "float": round(right(run_all(model, real(many)[:, None]), 0.5, many_labels), 4),
            "quantized": round(right(run_all(quantized, many[:, None]), 0, many_labels), 4),
        },
        "detections": detection_figures(scores, held_out, CUTOFF),
    }
    save(Path(__file__).parent, quantized, inputs, labels.astype(np.int64), results)


if __name__ == "__main__":
    main()
