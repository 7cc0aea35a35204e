"""Trains the digits example: a depthwise-separable CNN on the 8x8 handwritten digits of scikit-learn.

cd examples && python -m digits.train
"""

from pathlib import Path

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp
from onnx import helper
from onnxruntime.quantization import QuantFormat
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from training import add_arg_max, cross_entropy, fit, float_model, he_normal, integer_edges, quantize, run_all, save

SEED = 1
STEPS = 3000
BATCH = 128
# (name, input channels, output channels, kernel, groups); a MaxPool follows the layers in POOLED.
LAYERS = [
    ("stem", 1, 12, 3, 1),
    ("depthwise1", 12, 12, 3, 12),
    ("pointwise1", 12, 24, 1, 1),
    ("depthwise2", 24, 24, 3, 24),
    ("pointwise2", 24, 32, 1, 1),
]
POOLED = {"pointwise1", "pointwise2"}
FEATURES = 32 * 2 * 2


def data():
    """Images [N, 1, 8, 8] of int pixels 0..16 and labels: 1437 for training, 360 for the test, the same split every time."""
    digits = load_digits()
    images = digits.images[:, None].astype(np.int32)
    return train_test_split(images, digits.target, test_size=360, random_state=SEED, stratify=digits.target)


def real_pixels(pixels):
    """What the network sees of pixels 0..16: float32 0..1."""
    return (pixels / 16).astype(np.float32)


def quantized_pixels(pixels):
    """What main.c computes of pixels 0..16, for an input of scale 1/255 and zero point -128."""
    return ((pixels * 255 + 8) // 16 - 128).astype(np.int8)


def initial(rng):
    parameters = {}
    for name, inputs, outputs, kernel, groups in LAYERS:
        shape = (outputs, inputs // groups, kernel, kernel)
        parameters[f"{name}.weight"] = he_normal(rng, shape, shape[1] * kernel * kernel)
        parameters[f"{name}.bias"] = np.zeros(outputs, np.float32)
    parameters["classifier.weight"] = he_normal(rng, (10, FEATURES), FEATURES)
    parameters["classifier.bias"] = np.zeros(10, np.float32)
    return parameters


def forward(parameters, x):
    """Logits [N, 10] of images [N, 1, 8, 8]."""
    for name, _, _, kernel, groups in LAYERS:
        pad = kernel // 2
        x = lax.conv_general_dilated(
            x, parameters[f"{name}.weight"], (1, 1), [(pad, pad)] * 2, feature_group_count=groups
        )
        x = jax.nn.relu(x + parameters[f"{name}.bias"][:, None, None])
        if name in POOLED:
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return x.reshape(x.shape[0], -1) @ parameters["classifier.weight"].T + parameters["classifier.bias"]


def batches(images, labels, rng):
    """Random training images, each moved by at most one pixel in each direction."""
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)])

    def batch(_):
        chosen = rng.integers(0, len(images), BATCH)
        down, right = rng.integers(0, 3, (2, BATCH))
        moved = [padded[i, :, d : d + 8, r : r + 8] for i, d, r in zip(chosen, down, right, strict=True)]
        return real_pixels(np.stack(moved)), labels[chosen]

    return batch


def export(parameters):
    nodes, x = [], "image"
    for name, _, _, kernel, groups in LAYERS:
        pad = kernel // 2
        inputs = [x, f"{name}.weight", f"{name}.bias"]
        nodes.append(
            helper.make_node("Conv", inputs, [name], name, kernel_shape=[kernel] * 2, pads=[pad] * 4, group=groups)
        )
        nodes.append(helper.make_node("Relu", [name], [f"{name}_relu"], f"{name}_relu"))
        x = f"{name}_relu"
        if name in POOLED:
            nodes.append(helper.make_node("MaxPool", [x], [f"{name}_pool"], f"{name}_pool", kernel_shape=[2, 2], strides=[2, 2]))
            x = f"{name}_pool"
    nodes.append(helper.make_node("Flatten", [x], ["features"], "flatten", axis=1))
    weights = ["classifier.weight", "classifier.bias"]
    nodes.append(helper.make_node("Gemm", ["features", *weights], ["logits"], "classifier", transB=1))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probability"], "softmax", axis=1))
    return float_model("digits", nodes, parameters, ("image", [1, 1, 8, 8]), ("probability", [1, 10]))


def write_images(path, images, labels):
    """The camera of the firmware: the first test image of each digit, pixels 0..16."""
    rows = []
    for digit in range(10):
        pixels = images[labels == digit][0].reshape(8, 8)
        lines = ",\n     ".join(", ".join(f"{value:2}" for value in row) for row in pixels)
        rows.append(f"    {{{lines}}},")
    path.write_text(
        "/* Written by train.py: test images of the digits 0 to 9, eight rows of eight pixels, 0 is paper and 16 is ink. */\n"
        "#ifndef IMAGES_H\n#define IMAGES_H\n#include <stdint.h>\n\n#define IMAGE_COUNT 10u\n\n"
        "static const uint8_t images[IMAGE_COUNT][64] = {\n" + "\n".join(rows) + "\n};\n\n#endif\n"
    )


def main():
    train_images, test_images, train_labels, test_labels = data()
    rng = np.random.default_rng(SEED)
    parameters = fit(
        initial(rng),
        lambda p, images, labels: cross_entropy(forward(p, images), labels),
        batches(train_images, train_labels, rng),
        STEPS,
        0.003,
    )
    model = export(parameters)
    scores = run_all(model, real_pixels(test_images)[:, None])["probability"]

    # The scale that ONNX Runtime gives a QLinearSoftmax: its kernel divides by an integer, which 1 / 255 in float32 is not.
    probability = {"probability": (1 / 256, -128)}
    quantized = quantize(model, real_pixels(train_images)[:, None], QuantFormat.QDQ, probability)
    (scale, zero_point), _ = integer_edges(quantized)
    assert (scale, zero_point) == (np.float32(1 / 255), -128), (scale, zero_point)
    add_arg_max(quantized, "logits_QuantizeLinear_Output", "digit")
    inputs = quantized_pixels(test_images)[:, None]
    results = {
        "testVectors": len(inputs),
        "measure": "accuracy",
        "float": round(float(np.mean(scores.argmax(-1)[:, 0] == test_labels)), 4),
        "quantized": round(float(np.mean(run_all(quantized, inputs)["digit"][:, 0] == test_labels)), 4),
    }
    folder = Path(__file__).parent
    save(folder, quantized, inputs, test_labels, results)
    write_images(folder / "images.h", test_images, test_labels)


if __name__ == "__main__":
    main()
