"""Trains the sine example: a network of 1-16-16-1 neurons that learns sin(x) for 0 <= x <= 2 pi.

cd examples && python -m sine.train
"""

from pathlib import Path

import jax
import numpy as np
from jax import numpy as jnp
from onnx import helper
from onnxruntime.quantization import QuantFormat

from training import fit, float_model, he_normal, integer_edges, quantize, run_all, save

SEED = 1
STEPS = 10000
BATCH = 256
WIDTHS = [1, 16, 16, 1]
PERIOD = 2 * np.pi


def initial(rng):
    parameters = {}
    for layer, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:], strict=False), 1):
        parameters[f"dense{layer}.weight"] = he_normal(rng, (outputs, inputs), inputs)
        parameters[f"dense{layer}.bias"] = rng.uniform(-0.5, 0.5, outputs).astype(np.float32)
    return parameters


def forward(parameters, x, noise):
    """sin(x) as the network knows it; x and the result [N, 1]. `noise` [N, 32] moves the hidden neurons by up to a step of
    their coming int8 quantization, so that training finds weights that such steps do not hurt."""
    for layer in (1, 2, 3):
        x = x @ parameters[f"dense{layer}.weight"].T + parameters[f"dense{layer}.bias"]
        if layer < 3:
            x = jax.nn.relu(x)
            x = x + noise[:, layer * 16 - 16 : layer * 16] * x.max() / 255
    return x


def loss(parameters, angles, sines, noise):
    weights = sum(jnp.sum(value**2) for key, value in parameters.items() if key.endswith("weight"))
    return jnp.mean((forward(parameters, angles, noise) - sines) ** 2) + 3e-5 * weights


def export(parameters):
    nodes = []
    for layer, source in enumerate(["angle", "dense1_relu", "dense2_relu"], 1):
        result = f"dense{layer}" if layer < 3 else "sine"
        inputs = [source, f"dense{layer}.weight", f"dense{layer}.bias"]
        nodes.append(helper.make_node("Gemm", inputs, [result], f"dense{layer}", transB=1))
        if layer < 3:
            nodes.append(helper.make_node("Relu", [result], [f"{result}_relu"], f"{result}_relu"))
    return float_model("sine", nodes, parameters, ("angle", [1, 1]), ("sine", [1, 1]))


def main():
    rng = np.random.default_rng(SEED)

    def batch(_):
        angles = rng.uniform(0, PERIOD, (BATCH, 1)).astype(np.float32)
        return angles, np.sin(angles), rng.uniform(-1, 1, (BATCH, 32)).astype(np.float32)

    model = export(fit(initial(rng), loss, batch, STEPS, 0.01))

    # Calibration over the whole range makes the input's step exactly 2 pi / 255, so int8 covers one period.
    quantized = quantize(model, np.linspace(0, PERIOD, 1001, dtype=np.float32)[:, None, None], QuantFormat.QDQ)
    (scale, zero_point), (output_scale, output_zero_point) = integer_edges(quantized)

    # The test set is every input that there is.
    inputs = np.arange(-128, 128).astype(np.int8)[:, None, None]
    angles = (inputs.astype(np.float32) - np.float32(zero_point)) * scale
    labels = np.sin(angles)
    float_error = np.abs(run_all(model, angles)["sine"] - labels)
    outputs = (run_all(quantized, inputs)["sine"].astype(np.float32) - np.float32(output_zero_point)) * output_scale
    error = np.abs(outputs - labels)
    results = {
        "testVectors": len(inputs),
        "measure": "mean absolute error",
        "float": round(float(float_error.mean()), 4),
        "quantized": round(float(error.mean()), 4),
    }
    print(f"largest error {error.max():.4f}")
    save(Path(__file__).parent, quantized, inputs, labels, results)


if __name__ == "__main__":
    main()
