"""Trains the motion example: a 1-D CNN that tells four activities apart by accelerometer and gyroscope of a smartwatch.

The data is BasicMotions, which the Python package sktime carries: 40 recordings of 10 s for training, 40 for the test,
6 axes at 10 Hz. cd examples && python -m motion.train
"""

from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
from jax import lax
from onnx import helper
from onnxruntime.quantization import QuantFormat

from training import cross_entropy, fit, float_model, he_normal, integer_edges, quantize, run_all, save, transpose_input

SEED = 1
STEPS = 2000
BATCH = 64
WINDOW = 40
STRIDE = 20
AXES = 6
ACTIVITIES = ["Standing", "Walking", "Running", "Badminton"]
# The recordings as int16 counts, 256 to the unit, as a sensor's FIFO gives them; the firmware's int8 input is
# counts / 64 for the accelerometer and counts / 32 for the gyroscope, and the network sees that / 16.
COUNTS = 256
DIVISOR = np.array([64, 64, 64, 32, 32, 32])
SCALE = np.float32(1 / 16)
# (name, input channels, output channels, kernel, stride, groups)
LAYERS = [
    ("stem", 6, 12, 5, 2, 1),
    ("depthwise1", 12, 12, 5, 1, 12),
    ("pointwise1", 12, 16, 1, 1, 1),
    ("depthwise2", 16, 16, 3, 2, 16),
    ("pointwise2", 16, 24, 1, 1, 1),
]


def recordings(part):
    """Counts int16 [40, 100, 6] and activities [40] of `TRAIN` or `TEST`, from sktime's file (values with `:` between axes)."""
    package = Path(find_spec("sktime").submodule_search_locations[0])
    lines = (package / f"datasets/data/BasicMotions/BasicMotions_{part}.ts").read_text().splitlines()
    rows = [line.split(":") for line in lines if line and line[0] not in "#@"]
    values = np.array([[[float(value) for value in axis.split(",")] for axis in row[:-1]] for row in rows])
    counts = np.clip(np.round(values * COUNTS), -32768, 32767).astype(np.int16)
    return counts.transpose(0, 2, 1), np.array([ACTIVITIES.index(row[-1].strip()) for row in rows])


def quantized_samples(counts):
    """What main.c computes with its int16 samples: rounded division by a power of two, saturated to int8."""
    return np.clip((counts.astype(np.int32) + DIVISOR // 2) // DIVISOR, -128, 127).astype(np.int8)


def windows(series, labels):
    """Overlapping windows [N, 1, 40, 6] of int8 samples and their labels."""
    starts = range(0, series.shape[1] - WINDOW + 1, STRIDE)
    return np.concatenate([series[:, None, s : s + WINDOW] for s in starts]), np.tile(labels, len(starts))


def channels_first(samples):
    """What the network sees of int8 samples [..., 40, 6]: float32 [..., 6, 40]."""
    return (np.swapaxes(samples, -1, -2) * SCALE).astype(np.float32)


def initial(rng):
    parameters = {}
    for name, inputs, outputs, kernel, _, groups in LAYERS:
        shape = (outputs, inputs // groups, kernel)
        parameters[f"{name}.weight"] = he_normal(rng, shape, shape[1] * kernel)
        parameters[f"{name}.bias"] = np.zeros(outputs, np.float32)
    parameters["classifier.weight"] = he_normal(rng, (4, 24), 24)
    parameters["classifier.bias"] = np.zeros(4, np.float32)
    return parameters


def forward(parameters, x):
    """Logits [N, 4] of windows [N, 6, 40]."""
    for name, _, _, kernel, stride, groups in LAYERS:
        pad = kernel // 2
        x = lax.conv_general_dilated(
            x,
            parameters[f"{name}.weight"],
            (stride,),
            [(pad, pad)],
            dimension_numbers=("NCH", "OIH", "NCH"),
            feature_group_count=groups,
        )
        x = jax.nn.relu(x + parameters[f"{name}.bias"][:, None])
    return x.mean(axis=2) @ parameters["classifier.weight"].T + parameters["classifier.bias"]


def batches(series, labels, rng):
    """Windows at random places of the training recordings, each axis a little stronger or weaker."""

    def batch(_):
        chosen = rng.integers(0, len(series), BATCH)
        starts = rng.integers(0, series.shape[1] - WINDOW + 1, BATCH)
        x = np.stack([series[i, s : s + WINDOW] for i, s in zip(chosen, starts, strict=True)])
        gains = rng.uniform(0.7, 1.3, (BATCH, 1, AXES))
        return channels_first(x * gains), labels[chosen]

    return batch


def export(parameters):
    nodes, x = [], "window"
    for name, _, _, kernel, stride, groups in LAYERS:
        inputs = [x, f"{name}.weight", f"{name}.bias"]
        sizes = {"kernel_shape": [kernel], "pads": [kernel // 2] * 2, "strides": [stride], "group": groups}
        nodes.append(helper.make_node("Conv", inputs, [name], name, **sizes))
        nodes.append(helper.make_node("Relu", [name], [f"{name}_relu"], f"{name}_relu"))
        x = f"{name}_relu"
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["average"], "average"))
    nodes.append(helper.make_node("Flatten", ["average"], ["features"], "flatten", axis=1))
    weights = ["classifier.weight", "classifier.bias"]
    nodes.append(helper.make_node("Gemm", ["features", *weights], ["logits"], "classifier", transB=1))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probability"], "softmax", axis=1))
    return float_model("motion", nodes, parameters, ("window", [1, AXES, WINDOW]), ("probability", [1, 4]))


def calibration(samples):
    """Training windows and one with both int8 limits, which makes the input's scale 1/16 and its zero point 0."""
    limits = np.zeros_like(samples[:1])
    limits[0, 0, 0, :2] = [-128, 127]
    return channels_first(np.concatenate([samples, limits]))


def write_recording(path, counts, labels):
    """The sensor of the firmware: the first test recording of each activity, one after the other."""
    samples = np.concatenate([counts[labels == activity][0] for activity in range(len(ACTIVITIES))])
    rows = [f"    {{{', '.join(str(value) for value in sample)}}}," for sample in samples]
    names = ", ".join(f'"{name}"' for name in ACTIVITIES)
    path.write_text(
        "/* Written by train.py: four recordings of BasicMotions, one after the other, in counts of 1/256 unit. */\n"
        "#ifndef RECORDING_H\n#define RECORDING_H\n#include <stdint.h>\n\n"
        f"#define RECORDING_LENGTH {len(samples)}\n\n"
        f"static const char *const activities[{len(ACTIVITIES)}] = {{{names}}};\n\n"
        f"static const int16_t recording[RECORDING_LENGTH][{AXES}] = {{\n" + "\n".join(rows) + "\n};\n\n#endif\n"
    )


def main():
    rng = np.random.default_rng(SEED)
    train_counts, train_labels = recordings("TRAIN")
    test_counts, test_labels = recordings("TEST")
    train_series = quantized_samples(train_counts)
    parameters = fit(
        initial(rng),
        lambda p, x, labels: cross_entropy(forward(p, x), labels),
        batches(train_series, train_labels, rng),
        STEPS,
        0.003,
    )
    model = export(parameters)
    inputs, labels = windows(quantized_samples(test_counts), test_labels)
    scores = run_all(model, channels_first(inputs))["probability"]

    quantized = quantize(model, calibration(windows(train_series, train_labels)[0]), QuantFormat.QOperator)
    (scale, zero_point), _ = integer_edges(quantized)
    assert (scale, zero_point) == (SCALE, 0), (scale, zero_point)
    transpose_input(quantized, [0, 2, 1])  # samples arrive one after the other, six axes each
    outputs = run_all(quantized, inputs)
    results = {
        "testVectors": len(inputs),
        "measure": "accuracy",
        "float": round(float(np.mean(scores.argmax(-1)[:, 0] == labels)), 4),
        "quantized": round(float(np.mean(outputs["probability"].argmax(-1)[:, 0] == labels)), 4),
    }
    folder = Path(__file__).parent
    save(folder, quantized, inputs, labels, results)
    write_recording(folder / "recording.h", test_counts, test_labels)


if __name__ == "__main__":
    main()
