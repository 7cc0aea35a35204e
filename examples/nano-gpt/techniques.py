"""The techniques: what is trained for each, in the order in which one needs the other."""

import copy
from dataclasses import replace
from functools import cache

import torch

from .decoder import Decoder, Shape
from .fit import SEED, fit, four_bits, ternary, two_of_four

STEPS = 1600
RATE = 4e-3
# After quantization or pruning of a trained model.
FURTHER_STEPS = 400
FURTHER_RATE = 1e-3
# A block of 4-bit weights with one scale.
BLOCK = 32
# An exit is trained with one probability that is enough to leave, and used with a lower one: twice as many tokens leave.
SURE_ENOUGH = 0.3
TEACHER = Shape(width=128, hidden=320)
TEACHER_STEPS = 1000


class Techniques:
    """Trained models by name. With a folder, parameters that are there are taken and not trained again."""

    def __init__(self, corpus, folder=None):
        self.corpus = corpus
        self.folder = folder
        self.model = cache(self._model)

    def _model(self, name):
        torch.manual_seed(SEED)
        model = getattr(self, name)()
        path = self.folder and self.folder / f"{name}.pt"
        if path and path.exists():
            model[0].load_state_dict(torch.load(path))
        else:
            print(f"{name}: {sum(p.numel() for p in model[0].parameters()):,} parameters", flush=True)
            fit(model[0], self.corpus, *model[1:])
            if path:
                torch.save(model[0].state_dict(), path)
        if model[0].shape.exit:
            model[0].shape = replace(model[0].shape, sure=SURE_ENOUGH)
        return model[0].eval()

    # Each gives the model before its training, the steps, the learning rate, and a teacher if it has one.

    def dense(self):
        return Decoder(Shape()), STEPS, RATE

    def four_bit(self):
        return self._further(four_bits(BLOCK)), FURTHER_STEPS, FURTHER_RATE

    def ternary(self):
        return Decoder(Shape()).transform(ternary), STEPS, RATE

    def pruned(self):
        return self._further(two_of_four), FURTHER_STEPS, FURTHER_RATE

    def factorised(self):
        return Decoder(Shape(factors=32)), STEPS, RATE

    def linear(self):
        return Decoder(Shape(decays=(0.5, 0.75, 0.9, 0.97))), STEPS, RATE

    def experts(self):
        return Decoder(Shape(experts=4)), STEPS, RATE

    def early_exit(self):
        return Decoder(Shape(exit=2)), STEPS, RATE

    def teacher(self):
        return Decoder(TEACHER), TEACHER_STEPS, RATE / 2

    def distilled(self):
        return Decoder(Shape()), STEPS, RATE, self.model("teacher")

    def _further(self, transform):
        return copy.deepcopy(self.model("dense")).transform(transform)
