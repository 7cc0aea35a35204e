"""Trains the nano-gpt example: a Llama-style decoder of 0.2 million parameters in several techniques, each exported to ONNX one
token at a step. cd examples && python -m nano-gpt.train [--folder DIR] [NAMES]

`--folder` keeps trained parameters; those that are there are not trained again."""

import argparse
import json
from functools import partial
from pathlib import Path

import onnx
import onnxruntime
import torch

from .branches import with_branches
from .corpus import BEGIN, Corpus, chapters, train_tokenizer
from .fit import SEED, bits_per_byte, share_that_leaves, validate
from .forms import byte_embedding, four_bit_product, int8_step, ternary_product
from .graph import SURE, step_model
from .run import Runner, calibration_feeds, greedy, loss_of
from .techniques import BLOCK, Techniques

PROMPT = "And the LORD said unto Moses,"
GREEDY_TOKENS = 100
CALIBRATION_PIECES = 8
# The model's file: the technique that trained it, and its form.
FORMS = {
    "int8": "dense",
    "int4": "four_bit",
    "ternary": "ternary",
    "pruned": "pruned",
    "factorised": "factorised",
    "distilled": "distilled",
    "linear": "linear",
    "experts": "experts",
    "early-exit": "early_exit",
}


def exported(name, model, corpus):
    if name == "int4":
        return step_model(model, four_bit_product(BLOCK), byte_embedding)
    if name == "ternary":
        return step_model(model, ternary_product, byte_embedding)
    step = int8_step(model, partial(calibration_feeds, corpus=corpus, pieces=CALIBRATION_PIECES, context=model.shape.context))
    return with_branches(step, SURE) if model.shape.exit else step


def measured(model, exported_model, corpus):
    """Losses in nats a token and bits per byte of the held-out text."""
    before = validate(model, corpus)
    after = loss_of(Runner(exported_model), corpus, model.shape.context)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "validationLossBefore": round(before, 4),
        "validationLoss": round(float(after), 4),
        "bitsPerByteBefore": round(bits_per_byte(before, corpus), 4),
        "bitsPerByte": round(float(bits_per_byte(after, corpus)), 4),
        **({"leave": round(share_that_leaves(model, corpus), 4)} if model.shape.exit else {}),
    }


def update(path, changes):
    """Merges `changes` into a JSON file, so that a run of some techniques keeps the others."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, **changes}, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(FORMS))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    here = Path(__file__).parent
    texts = chapters()
    tokenizer = train_tokenizer(texts)
    tokenizer.save(str(here / "tokenizer.json"))
    corpus = Corpus(tokenizer, texts)
    techniques = Techniques(corpus, arguments.folder)
    prompt = [BEGIN, *tokenizer.encode(PROMPT).ids]
    update(
        here / "training.json",
        {
            "torch": torch.__version__.split("+")[0],
            "onnxruntime": onnxruntime.__version__,
            "seed": SEED,
            "trainingTokens": len(corpus.training),
            "heldOutTokens": sum(map(len, corpus.validation)),
            "heldOutBytes": corpus.validation_bytes,
        },
    )
    update(here / "tokens.json", {"prompt": {"text": PROMPT, "tokens": prompt}})
    for name in arguments.names:
        model = techniques.model(FORMS[name])
        step = exported(name, model, corpus)
        onnx.save(step, here / f"nano-gpt-{name}.onnx")
        figures = measured(model, step, corpus)
        tokens, gaps = greedy(Runner(step), prompt, GREEDY_TOKENS)
        update(here / "training.json", {name: figures})
        update(here / "tokens.json", {name: {"tokens": tokens, "gaps": gaps}})
        print(f"{name}: {figures}\n{tokenizer.decode(prompt[1:] + tokens)}", flush=True)


if __name__ == "__main__":
    main()
