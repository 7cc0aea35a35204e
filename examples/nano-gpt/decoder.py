"""The models in PyTorch: Llama-style decoders whose every technique is a field of `Shape` or a transformation of weights."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

EPSILON = 1e-5


@dataclass(frozen=True)
class Shape:
    """A decoder. The embedding is also the output layer, transposed.

    factors: width of a factorised embedding: [vocabulary, factors] and [factors, width].
    decays: linear attention: a matrix for each head, which fades by its decay with each token, instead of a cache.
    experts: feed-forward blocks of which a router chooses one for each token.
    exit: layers after which a token that the model is sure of leaves: the largest probability is above `sure`. Layers behind have no
    key and value of it (zeros).
    """

    vocabulary: int = 512
    width: int = 64
    layers: int = 4
    heads: int = 8
    groups: int = 4
    hidden: int = 160
    context: int = 128
    factors: int = 0
    decays: tuple[float, ...] = ()
    experts: int = 0
    exit: int = 0
    sure: float = 0.5

    @property
    def head(self):
        return self.width // self.heads


def identity(weight):
    return weight


class Projection(nn.Module):
    """x W', W [outputs, inputs], seen through `transform`: what quantization or pruning makes of it."""

    def __init__(self, inputs, outputs, scale=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * scale / math.sqrt(inputs))
        self.transform = identity

    def effective(self):
        return self.transform(self.weight)

    def forward(self, x):
        return F.linear(x, self.effective())


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON) * self.weight


def rotary_tables(shape):
    """Cosines and sines [context, head / 2]."""
    frequencies = 10000.0 ** (-torch.arange(0, shape.head, 2).float() / shape.head)
    angles = torch.arange(shape.context).float()[:, None] * frequencies[None]
    return angles.cos(), angles.sin()


def rotate(x, tables):
    """Rotary embedding of neighbouring pairs; x [batch, time, heads, head]."""
    cos, sin = (table[: x.shape[1], None] for table in tables)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        keys = shape.groups * shape.head
        self.shape = shape
        self.q = Projection(shape.width, shape.width)
        # A sum over all earlier tokens without a softmax: keys start small.
        self.k = Projection(shape.width, keys, 1 / shape.head if shape.decays else 1.0)
        self.v = Projection(shape.width, keys)
        self.o = Projection(shape.width, shape.width, 0.5)
        self.tables = rotary_tables(shape)

    def forward(self, x, here=None):
        """here [batch, time, 1]: 0 where a token is not in the caches."""
        shape, (batch, time, _) = self.shape, x.shape
        q = self.q(x).view(batch, time, shape.heads, shape.head)
        k, v = (p(x).view(batch, time, shape.groups, shape.head) for p in (self.k, self.v))
        if not shape.decays:
            q, k = rotate(q, self.tables), rotate(k, self.tables)
        if here is not None:
            k, v = (t * here[..., None] for t in (k, v))
        k, v = (t.repeat_interleave(shape.heads // shape.groups, 2) for t in (k, v))
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        y = self.linear(q, k, v) if shape.decays else F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(y.transpose(1, 2).reshape(batch, time, shape.width))

    def linear(self, q, k, v):
        """State(t) = decay * State(t - 1) + k' v; y = q State: here all times at once."""
        time = torch.arange(q.shape[2])
        distance = time[:, None] - time[None]
        decays = torch.tensor(self.shape.decays).repeat_interleave(self.shape.heads // self.shape.groups)
        fade = torch.where(distance >= 0, decays[:, None, None] ** distance.clamp(min=0), 0.0)
        return (q @ k.transpose(-1, -2) * fade) @ v


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate = Projection(shape.width, shape.hidden)
        self.up = Projection(shape.width, shape.hidden)
        self.down = Projection(shape.hidden, shape.width, 0.5)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Experts(nn.Module):
    """Each token goes through the one expert that the router likes best, weighted with its probability. `balance` is the loss of
    the last call that keeps all experts in use (Switch Transformer, eq. 4)."""

    def __init__(self, shape):
        super().__init__()
        self.router = Projection(shape.width, shape.experts)
        self.experts = nn.ModuleList(FeedForward(shape) for _ in range(shape.experts))
        self.balance = torch.zeros(())

    def forward(self, x):
        probability = self.router(x).softmax(-1)
        best = probability.argmax(-1)
        used = F.one_hot(best, len(self.experts)).float()
        self.balance = len(self.experts) * (used.mean((0, 1)) * probability.mean((0, 1))).sum()
        flat, chosen = x.flatten(0, -2), best.flatten()
        y = torch.zeros_like(flat)
        for index, expert in enumerate(self.experts):
            rows = (chosen == index).nonzero()[:, 0]
            y = y.index_copy(0, rows, expert(flat[rows]))
        return y.view_as(x) * probability.gather(-1, best[..., None])


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.attention_norm = Norm(shape.width)
        self.attention = Attention(shape)
        self.feed_forward_norm = Norm(shape.width)
        self.feed_forward = Experts(shape) if shape.experts else FeedForward(shape)

    def forward(self, x, here=None):
        x = x + self.attention(self.attention_norm(x), here)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Decoder(nn.Module):
    """Logits [batch, time, vocabulary] of tokens [batch, time]."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        inner = shape.factors or shape.width
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, inner) * 0.5 / math.sqrt(inner))
        self.widen = Projection(shape.factors, shape.width) if shape.factors else None
        self.narrow = Projection(shape.width, shape.factors) if shape.factors else None
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        self.exit_norm = Norm(shape.width) if shape.exit else None
        # Logits at the exit, of the last call, for all tokens.
        self.early = None

    def forward(self, tokens):
        x = self.embedding[tokens]
        x = self.widen(x) if self.widen else x
        here = None
        for index, layer in enumerate(self.layers):
            if self.exit_norm and index == self.shape.exit:
                self.early = F.linear(self.exit_norm(x), self.embedding)
                leaves = self.early.softmax(-1).amax(-1, keepdim=True) > self.shape.sure
                here = 1.0 - leaves.float()
            x = layer(x, here)
        x = self.norm(x)
        x = self.narrow(x) if self.narrow else x
        logits = F.linear(x, self.embedding)
        return logits if here is None else torch.where(leaves, self.early, logits)

    def transform(self, transform):
        """Looks at the weights of all layers through `transform`; the embedding and the router stay as they are."""
        for name, module in self.named_modules():
            if isinstance(module, Projection) and name.startswith("layers") and "router" not in name:
                module.transform = transform
        return self
