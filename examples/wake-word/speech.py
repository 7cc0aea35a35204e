"""Speech, noise and rooms: every sound that the model is trained on is made here, by espeak-ng and by random numbers.

espeak-ng (GPL-3, a Debian package) speaks; what it speaks is nobody's recording. A voice is an accent with a variant, as
"en-us+f2". Variants of every fifth name are held out: no training clip is spoken by them.
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pydoc_data.topics import topics

import numpy as np
from scipy.signal import fftconvolve, resample_poly

RATE = 16000
WAKE_WORD = "hey nano"
ACCENTS = ["en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc", "en-029"]
# Whispered and broken on purpose.
NO_VOICES = {"whisper", "whisperf", "fast", "Demonic", "UniRobot", "announcer"}
HELD_OUT_EVERY = 5
# Sound like parts of the wake word, or nearly like it.
CONFUSING = """hey; nano; hey nancy; hey anna; hey nana; hey no; hey now; hey noah; hey nina; hey norman; hey daniel; hey man; hey you;
hey mano; hey piano; hey banana; okay nano; a nano second; nanometer; banana; volcano; piano; may know; they know; hey there;
hey joe; they nod; hey nigel; hey naomi; hey naan; hi nora; hay now; hey nemo; the nano; my nano; nano bot; hey mono; hey dino;
hey menu; hey arno; hey vano; hey nanny; no no; nah no; hay; he; hey hey; hey knock; hey nadia; hey nathan""".replace("\n", " ").split("; ")


@cache
def voices():
    """(training, held out): names of voices."""
    listed = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True).stdout
    variants = sorted(set(re.findall(r"!v/(\w+)", listed)) - NO_VOICES)
    held_out = [name for index, name in enumerate(variants) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    combine = lambda names: [f"{accent}+{name}" for name in names for accent in ACCENTS]
    return combine([name for name in variants if name not in held_out]), combine(held_out)


@cache
def words():
    """English words, of Python's own documentation."""
    return sorted(set(re.findall(r"\b[a-z]{2,9}\b", " ".join(topics.values()))))


def other_text(rng):
    """Something that is not the wake word."""
    if rng.random() < 0.45:
        return CONFUSING[rng.integers(len(CONFUSING))]
    return " ".join(rng.choice(words(), rng.integers(1, 6)))


def speak(text, voice, speed, pitch):
    """Samples of a text, float32 with a peak of 1, without the silence round it."""
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    # espeak-ng: 16-bit mono at 22,050 Hz, a header of 44 bytes
    samples = np.frombuffer(wav[44 : 44 + (len(wav) - 44) // 2 * 2], np.int16).astype(np.float32)
    samples = resample_poly(samples, 320, 441).astype(np.float32)
    samples /= max(np.abs(samples).max(), 1.0)
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else np.zeros(RATE // 10, np.float32)


def speak_all(texts, names, rng):
    """A list of spoken texts, each by a random voice of `names` at a random speed and pitch."""
    jobs = [(text, names[rng.integers(len(names))], rng.integers(110, 230), rng.integers(15, 86)) for text in texts]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda job: speak(*job), jobs))


def noise(rng, count, speech):
    """Noise of a random kind with a root mean square of 1: coloured noise, a hum with harmonics, or other people talking."""
    kind = rng.integers(4)
    if kind == 0:
        parts = [speech[rng.integers(len(speech))] for _ in range(4 * (1 + count // RATE))]
        sound = np.zeros(count, np.float32)
        for part in parts:
            part = part[:count]
            start = rng.integers(count - len(part) + 1)
            sound[start : start + len(part)] += part
    elif kind == 1:
        time = np.arange(count) / RATE
        base = rng.uniform(40, 400)
        sound = sum(rng.random() / k * np.sin(2 * np.pi * (k * base * time + rng.random())) for k in range(1, 9))
        sound += 0.1 * rng.normal(size=count)
    else:
        # Power that falls with the frequency: 0 is white noise, 2 is brown.
        spectrum = np.fft.rfft(rng.normal(size=count))
        spectrum /= np.maximum(np.arange(len(spectrum)), 20) ** rng.uniform(0, 1)
        sound = np.fft.irfft(spectrum, count)
    return (sound / max(np.sqrt(np.mean(sound**2)), 1e-6)).astype(np.float32)


def room(rng, sound):
    """The sound in a room of random size: an echo that dies away in 0.1 to 0.5 s."""
    time = np.arange(int(0.3 * RATE)) / RATE
    echo = rng.normal(size=len(time)) * np.exp(-6.9 * time / rng.uniform(0.1, 0.5)) * rng.uniform(0.02, 0.15)
    echo[0] = 1.0
    return fftconvolve(sound, echo)[: len(sound)].astype(np.float32)


def recording(rng, parts, speech, lead=1.2, tail=0.5):
    """A microphone's int16 samples in which the parts are spoken one after the other, and where each ends, in samples."""
    gaps = [rng.uniform(lead, lead + 0.5), *rng.uniform(0.05, 0.6, len(parts) - 1)]
    pieces, ends, at = [], [], 0
    for gap, part in zip(gaps, parts, strict=True):
        pieces += [np.zeros(int(gap * RATE), np.float32), part]
        at += int(gap * RATE) + len(part)
        ends.append(at)
    sound = np.concatenate([*pieces, np.zeros(int(tail * RATE), np.float32)])
    if rng.random() < 0.5:
        sound = room(rng, sound)
    power = np.sqrt(np.mean(np.concatenate(parts) ** 2))
    # From a quiet room (40 dB) to nearly as loud as the speech (3 dB).
    sound = sound + noise(rng, len(sound), speech) * power * 10 ** (-rng.uniform(3, 40) / 20)
    peak = 10 ** (-rng.uniform(0, 30) / 20)
    sound = sound / np.abs(sound).max() * peak * 32767
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16), ends
