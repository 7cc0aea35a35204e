"""What the package `tokenizers` says, for test/text/*.test.ts.

    python test/text/oracle.py make      writes expected/*.json: small tokenizers, and what the package makes of a corpus with them
    python test/text/oracle.py check     prints what it makes of it now, with the tokenizers that are there
    python test/text/oracle.py classes   prints compiler/text/character-classes.ts, as the package's regular expressions see characters

Needs `pip install tokenizers`. Written with 0.23.3.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent / "expected"
SPACE = "\u2581"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LINES = """Once upon a time there was a little girl who lived in a village near the forest.
She said that she'd be happy if they're coming, and we've got 12 apples, 345 pears and 6 plums.
It isn't the cat's; it's the dog's. I'll go, you'll stay, I'm sure he'd agree!
The quick brown fox jumps over the lazy dog, and the dog doesn't mind at all...
In 1984 and 2024 there were 100% more things; e-mail me (or don't) at noon -- or later.
def encode(text):  return [token for token in text.split(' ') if token]
Der Fuchs l\u00e4uft \u00fcber die gr\u00fcne Wiese, stra\u00dfenweit gr\u00f6\u00dfer als zuvor.
\u041c\u0430\u043c\u0430 \u043c\u044b\u043b\u0430 \u0440\u0430\u043c\u0443, \u043c\u0430\u043c\u0430 \u043c\u044b\u043b\u0430. \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3001\u65e5\u672c\u8a9e\u3002
\u2018Quoted\u2019 \u201cwords\u201d \u2014 and an ellipsis\u2026 \U0001f600 \U0001f600 \U0001f680 tea\u0301 cafe\u0301""".split("\n")


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def byte_level_prefix():
    tokenizer = byte_level()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    return tokenizer


def trained(tokenizer, bytes_too):
    alphabet = sorted({character for line in LINES[:7] for character in line.replace(" ", SPACE)})
    first = ["<unk>", "<s>", "</s>"] + (BYTES if bytes_too else [])
    trainer = trainers.BpeTrainer(
        vocab_size=len(first) + 260,
        special_tokens=first,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES[:7], trainer)
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = document["added_tokens"][:3]
    return Tokenizer.from_str(json.dumps(document))


def begin(tokenizer):
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return tokenizer


def sentencepiece():
    """As Llama's: a normalizer, no words, bytes for what has no token."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return begin(trained(tokenizer, True))


def metaspace():
    """Words by Metaspace; what has no token is unknown, many in a row are one."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(SPACE, prepend_scheme="first")
    return trained(tokenizer, False)


def unfused():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Metaspace(SPACE, prepend_scheme="never")
    return begin(trained(tokenizer, False))


MAKERS = {
    "byte-level": byte_level,
    "byte-level-prefix": byte_level_prefix,
    "sentencepiece": sentencepiece,
    "metaspace": metaspace,
    "unfused": unfused,
}


def corpus():
    """Bytes: each alone and all in a row, emoji, broken UTF-8, white space, and a mixture of all."""
    cases = [b""] + [bytes([byte]) for byte in range(256)] + [bytes(range(256)), bytes(reversed(range(256)))]
    cases += [line.encode() for line in LINES]
    emoji = ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f", "\U0001f44d\U0001f3fd"]
    cases += [each.encode() for each in emoji] + ["".join(emoji).encode(), " ".join(emoji).encode()]
    broken = ["c3", "e2", "e282", "f0", "f09f", "f09f98", "c080", "c1bf", "e08080", "eda080", "edbfbf", "f08080af", "f4908080", "f5808080"]
    broken += ["80", "bfbf", "fffe", "e28261", "f09f98e2829f", "c3c3a9", "f09f9880f09f98", "ed9fbf", "ee8080", "f48fbfbf", "efbfbd", "e0a080e0a0"]
    cases += [bytes.fromhex(each) for each in broken]
    cases += [b"a" + bytes.fromhex(each) + b" b" for each in broken]
    spaces = ["  ", "   ", " a", "  a", "a  ", "a   b", "\n\n", "a\n", " \n b", "\t\tx", "a \u3000 b", "\u00a0x", " \u2028 y", f"{SPACE}a {SPACE}{SPACE}b"]
    cases += [each.encode() for each in spaces]
    marks = ["'s", "'S", "it's", "''s", " 'll 've", "'re'm'd't", "a'", "x'lly", "12abc34", "a1b2", "!?a", " !?", "</s>", "<s>a", "<unk>", "<0x41>", "<|endoftext|>x"]
    marks += ["\u0661\u0662x", "\u2167\u00bd", "e\u0301x", "\u0915\u093f", "\u0e01\u0e33", "\U00010400\U00010401", "\u05d0\u05d1 \u0627\u0644", "\uac00\ub098", "\u1100\u1161"]
    cases += [each.encode() for each in marks]
    random.seed(1)
    pieces = cases + [line[at : at + 7].encode() for line in LINES for at in range(0, len(line), 7)] + [b" "] * 60
    cases += [b"".join(random.choice(pieces) for _ in range(random.randint(2, 12))) for _ in range(150)]
    return cases


def answers(tokenizer):
    """Special tokens are given by number, never by text: `encode_special_tokens`. Broken UTF-8 is what Python's decoder makes of it."""
    tokenizer.encode_special_tokens = True
    encoded = []
    for case in corpus():
        ids = tokenizer.encode(case.decode("utf-8", "replace")).ids
        encoded.append({"bytes": case.hex(), "ids": ids, "text": tokenizer.decode(ids)})
    random.seed(2)
    size = tokenizer.get_vocab_size()
    lists = [[random.randrange(size) for _ in range(random.randint(1, 12))] for _ in range(100)]
    return {"encoded": encoded, "decoded": [{"ids": ids, "text": tokenizer.decode(ids)} for ids in lists]}


def make():
    FOLDER.mkdir(exist_ok=True)
    for name, maker in MAKERS.items():
        tokenizer = maker()
        (FOLDER / f"{name}.json").write_text(tokenizer.to_str() + "\n")
        (FOLDER / f"{name}.answers.json").write_text(json.dumps(answers(tokenizer), separators=(",", ":")) + "\n")


def check():
    json.dump({name: answers(Tokenizer.from_file(str(FOLDER / f"{name}.json"))) for name in MAKERS}, sys.stdout)


def classes():
    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)

    def kind(character):
        joins = [len(splitter.pre_tokenize_str(before + character)) == 1 for before in "a1!"]
        return 1 if joins[0] else 2 if joins[1] else 0 if joins[2] else 3

    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text, before, last = "", 0, None
    for code in range(0x110000):
        now = 0 if 0xD800 <= code < 0xE000 else kind(chr(code))
        if now != last:
            distance, word = code - before, ""
            while True:
                word = digits[distance % 36] + word
                distance //= 36
                if distance == 0:
                    break
            text += ".,;:"[now] + word
            before, last = code, now
    lines = [text[at : at + 112] for at in range(0, len(text), 112)]
    print("/** Written by test/text/oracle.py: `classes`. Where the class of characters changes, and to which. */")
    print("export const CHARACTER_CLASSES = [")
    for line in lines:
        print(f"  '{line}',")
    print("].join('');")


{"make": make, "check": check, "classes": classes}[sys.argv[1]]()
