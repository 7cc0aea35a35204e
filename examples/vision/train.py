"""Trains the vision example: a small CNN that tells faces from anything else in grey pictures of 24x24 pixels.

cd examples && python -m vision.train
"""

import json
from pathlib import Path

import numpy as np
import skimage.data
import torch
from onnx import helper
from onnxruntime.quantization import QuantFormat
from PIL import Image
from torch import nn
from torch.nn import functional

from training import check_integer, float_model, integer_edges, quantize, run_all

SEED = 1
SIDE = 24
STEPS = 4000
BATCH = 64
# Of 100 faces and of 100 others.
TRAINING = 70
# What the network sees of a byte: (byte / 255 - MEAN) / STD. With this mean the integer of a byte is byte - 128: nothing is left to compute.
MEAN, STD = 128 / 255, 0.25
LABELS = ["nothing", "face"]
# (name, input channels, output channels, kernel, groups); a MaxPool follows the layers in POOLED.
LAYERS = [
    ("stem", 1, 8, 3, 1),
    ("depthwise1", 8, 8, 3, 8),
    ("pointwise1", 8, 16, 1, 1),
    ("depthwise2", 16, 16, 3, 16),
    ("pointwise2", 16, 24, 1, 1),
]
POOLED = {"stem", "pointwise1", "pointwise2"}
FEATURES = 24 * 3 * 3

# Photos without a face, for more of what is none: CC0 or public domain (scikit-image's documentation of each).
OTHERS = ["brick", "camera", "clock", "coins", "grass", "gravel", "page", "rocket", "text"]
# The pictures of the firmware: name, photo, and the corner and width of the part in it. None of them is trained on.
PICTURE = (160, 120)
PICTURES = [
    ("astronaut", "astronaut", (138, 52), 174, 1),
    ("astronaut-suit", "astronaut", (110, 270), 200, 0),
    ("coffee", "coffee", (150, 40), 320, 0),
    ("cat", "chelsea", (100, 40), 240, 0),
]


def grey(name):
    """A photo as floats 0..1, [H, W]. Grey is what Pillow calls L, and nanoc's image front end computes."""
    return np.asarray(Image.fromarray(photo(name)).convert("L"), np.float32) / 255


def photo(name):
    return getattr(skimage.data, name)()


def faces_and_others():
    """[200, 25, 25] floats 0..1 and labels, shuffled: 140 train, 60 are held out."""
    images = skimage.data.lfw_subset().astype(np.float32)
    order = np.random.default_rng(SEED).permutation(100)
    training = np.concatenate([order[:TRAINING], 100 + order[:TRAINING]])
    held_out = np.concatenate([order[TRAINING:], 100 + order[TRAINING:]])
    labels = np.repeat([1, 0], 100)
    return (images[training], labels[training]), (images[held_out], labels[held_out])


def resized(image):
    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX))


def patches(photos, rng, count):
    """Squares from anywhere in the photos, of any size, as SIDE x SIDE."""
    made = []
    for _ in range(count):
        image = photos[rng.integers(len(photos))]
        side = int(rng.integers(SIDE, min(image.shape)))
        y, x = rng.integers(0, image.shape[0] - side + 1), rng.integers(0, image.shape[1] - side + 1)
        made.append(resized(image[y : y + side, x : x + side]))
    return np.stack(made)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        for name, inputs, outputs, kernel, groups in LAYERS:
            self.add_module(name, nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups))
        self.classifier = nn.Linear(FEATURES, len(LABELS))

    def forward(self, x):
        for name, *_ in LAYERS:
            x = functional.relu(self.get_submodule(name)(x))
            if name in POOLED:
                x = functional.max_pool2d(x, 2)
        return self.classifier(x.flatten(1))


def augmented(images, generator):
    """Each mirrored or not, turned, moved and scaled a little, in another light. [N, 1, SIDE, SIDE] of 0..1."""
    count = len(images)
    uniform = lambda low, high: low + (high - low) * torch.rand(count, generator=generator)  # noqa: E731
    angle, scale = uniform(-0.25, 0.25), uniform(0.8, 1.15)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.stack(
        [
            torch.stack([scale * angle.cos() * mirror, -scale * angle.sin(), uniform(-0.15, 0.15)], 1),
            torch.stack([scale * angle.sin() * mirror, scale * angle.cos(), uniform(-0.15, 0.15)], 1),
        ],
        1,
    )
    grid = functional.affine_grid(theta, (count, 1, SIDE, SIDE), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    gain, offset = uniform(0.6, 1.3)[:, None, None, None], uniform(-0.15, 0.15)[:, None, None, None]
    return ((moved - 0.5) * gain + 0.5 + offset).clamp(0, 1)


def train(images, labels, photos, rng):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.003, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.003, STEPS)
    faces = torch.from_numpy(np.stack([resized(image) for image in images[labels == 1]]))[:, None]
    others = np.stack([resized(image) for image in images[labels == 0]])
    others = torch.from_numpy(np.concatenate([others, patches(photos, rng, 2000)]))[:, None]
    own = (labels == 0).sum()
    half = BATCH // 2
    for step in range(STEPS):
        # Half are faces; of the others, half are of the data set.
        chosen = [
            faces[torch.randint(len(faces), (half,), generator=generator)],
            others[torch.randint(own, (half // 2,), generator=generator)],
            others[torch.randint(own, len(others), (half - half // 2,), generator=generator)],
        ]
        x = (augmented(torch.cat(chosen), generator) - MEAN) / STD
        y = torch.tensor([1] * half + [0] * half)
        loss = functional.cross_entropy(network(x), y, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 500 == 499:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def export(parameters):
    nodes, x = [], "image"
    for name, _, _, kernel, groups in LAYERS:
        pads = [kernel // 2] * 4
        inputs = [x, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Conv", inputs, [name], name, kernel_shape=[kernel] * 2, pads=pads, group=groups))
        nodes.append(helper.make_node("Relu", [name], [f"{name}_relu"], f"{name}_relu"))
        x = f"{name}_relu"
        if name in POOLED:
            nodes.append(helper.make_node("MaxPool", [x], [f"{name}_pool"], f"{name}_pool", kernel_shape=[2, 2], strides=[2, 2]))
            x = f"{name}_pool"
    nodes.append(helper.make_node("Flatten", [x], ["features"], "flatten", axis=1))
    weights = ["classifier.weight", "classifier.bias"]
    nodes.append(helper.make_node("Gemm", ["features", *weights], ["logits"], "classifier", transB=1))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probability"], "softmax", axis=1))
    shape = [1, 1, SIDE, SIDE]
    return float_model("vision", nodes, parameters, ("image", shape), ("probability", [1, len(LABELS)]))


def picture(name, corner, width):
    """Part of a photo as the camera would give it: 160x120, RGB."""
    height = width * PICTURE[1] // PICTURE[0]
    left, top = corner
    part = Image.fromarray(photo(name)).convert("RGB").crop((left, top, left + width, top + height))
    return part.resize(PICTURE, Image.Resampling.BOX)


def main():
    (images, labels), (held_images, held_labels) = faces_and_others()
    rng = np.random.default_rng(SEED)
    photos = [grey(name) for name in OTHERS]
    model = export(train(images, labels, photos, rng))

    def network_input(pictures):
        return ((pictures - MEAN) / STD)[:, None, None].astype(np.float32)

    calibration = np.stack([resized(image) for image in images])
    limits = np.zeros((1, SIDE, SIDE), np.float32)
    limits[0, 0, 0] = 1
    probability = {"probability": (1 / 256, -128)}
    samples = network_input(np.concatenate([calibration, limits]))
    quantized = quantize(model, samples, QuantFormat.QDQ, probability)
    (scale, zero_point), _ = integer_edges(quantized)
    check_integer(quantized)

    # Bytes as a camera gives them, then the input as the front end makes it.
    held_bytes = np.stack([np.round(resized(image) * 255) for image in held_images])
    real = network_input(held_bytes / 255)
    integers = np.clip(np.round(real / scale) + zero_point, -128, 127).astype(np.int8)
    before = run_all(model, real)["probability"].argmax(-1)[:, 0]
    after = run_all(quantized, integers)["probability"].argmax(-1)[:, 0]
    folder = Path(__file__).parent
    results = {
        "heldOut": len(held_labels),
        "measure": "accuracy",
        "float": round(float(np.mean(before == held_labels)), 4),
        "quantized": round(float(np.mean(after == held_labels)), 4),
        "facesMissed": int(np.sum((after == 0) & (held_labels == 1))),
        "othersTakenForFaces": int(np.sum((after == 1) & (held_labels == 0))),
    }
    with open(folder / "vision.onnx", "wb") as file:
        file.write(quantized.SerializeToString())
    (folder / "training.json").write_text(json.dumps(results, indent=2) + "\n")
    for name, source, corner, width, _ in PICTURES:
        picture(source, corner, width).save(folder / "photos" / f"{name}.png", optimize=True)
    print(f"input scale {scale}, zero point {zero_point}\n{json.dumps(results)}")
    for name, source, corner, width, label in PICTURES:
        bytes_ = np.asarray(picture(source, corner, width).convert("L").crop((20, 0, 140, 120)).resize((SIDE, SIDE), Image.Resampling.BOX))
        q = np.clip(np.round(((bytes_ / 255 - MEAN) / STD) / scale) + zero_point, -128, 127).astype(np.int8)
        print(name, label, run_all(quantized, q[None, None, None])["probability"][0])


if __name__ == "__main__":
    main()
