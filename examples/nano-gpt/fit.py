"""Training and what the weights are seen through: quantization and pruning while training (straight-through gradients)."""

import math

import numpy as np
import torch
import torch.nn.functional as F

BATCH = 16
SEED = 1


def fit(model, corpus, steps, rate, teacher=None):
    """AdamW with warm-up and a cosine learning rate. With a teacher half of the loss is to give its probabilities."""
    rng = np.random.default_rng(SEED)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    warm_up = min(100, steps // 10)
    for step in range(steps):
        speed = min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate * max(speed, 0.02)
        inputs, targets = (torch.from_numpy(array) for array in corpus.batch(rng, BATCH, model.shape.context))
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        total = loss + 0.01 * sum(layer.feed_forward.balance for layer in model.layers if model.shape.experts)
        if model.shape.exit:
            total = total + 0.5 * F.cross_entropy(model.early.flatten(0, 1), targets.flatten())
        if teacher is not None:
            total = 0.5 * total + 0.5 * distance(logits, teacher, inputs)
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 199:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
    return model


def distance(logits, teacher, inputs):
    """Cross entropy against the teacher's probabilities."""
    with torch.no_grad():
        wanted = teacher(inputs).softmax(-1)
    return -(wanted * logits.log_softmax(-1)).sum(-1).mean()


def straight(weight, seen):
    """`seen` going forward, the gradient of `weight` going back."""
    return weight + (seen - weight).detach()


def four_bits(block):
    """-8 .. 7 with one scale for each `block` inputs of an output: the element that is largest in size becomes -8."""

    def transform(weight):
        values, scales = four_bit_blocks(weight.detach(), block)
        return straight(weight, (values * scales).view_as(weight))

    return transform


def four_bit_blocks(weight, block):
    """Integers [outputs, blocks, block] and scales [outputs, blocks, 1]."""
    blocks = weight.reshape(weight.shape[0], -1, block)
    largest = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
    scales = torch.where(largest == 0, torch.ones_like(largest), largest / -8)
    return (blocks / scales).round().clamp(-8, 7), scales


def ternary(weight):
    """-1, 0, 1 times the mean size of the weights (BitNet b1.58)."""
    values, scale = ternary_values(weight.detach())
    return straight(weight, values * scale)


def ternary_values(weight):
    scale = weight.abs().mean().clamp(min=1e-5)
    return (weight / scale).round().clamp(-1, 1), scale


def two_of_four(weight):
    """Of each four inputs in a row the two smallest are 0."""
    groups = weight.reshape(-1, 4)
    kept = torch.zeros_like(groups).scatter(1, groups.abs().topk(2, 1).indices, 1.0).view_as(weight)
    return weight * kept


def validate(model, corpus):
    """Mean loss of a held-out token, in nats."""
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in corpus.windows(model.shape.context):
            logits = model(torch.from_numpy(inputs)[None])[0]
            total += F.cross_entropy(logits, torch.from_numpy(targets), reduction="sum").item()
            count += len(targets)
    return total / count


def share_that_leaves(model, corpus):
    """Of held-out tokens those that leave at the early exit."""
    left, count = 0, 0
    with torch.no_grad():
        for inputs, _ in corpus.windows(model.shape.context):
            model(torch.from_numpy(inputs)[None])
            left += int((model.early.softmax(-1).amax(-1) > model.shape.sure).sum())
            count += len(inputs)
    return left / count


def bits_per_byte(loss, corpus):
    """From the mean loss of a token in nats."""
    return loss * sum(map(len, corpus.validation)) / math.log(2) / corpus.validation_bytes
