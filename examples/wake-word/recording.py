"""Writes recording.wav, what the firmware hears: three of the held-out voices, in a room with some noise.

cd examples && python -m wake-word.recording
"""

import wave
from pathlib import Path

import numpy as np

from .speech import RATE, WAKE_WORD, noise, room, speak

# (voice, text, seconds of silence before it)
PARTS = [
    ("en-gb+f4", "good morning", 0.6),
    ("en-us+m3", WAKE_WORD, 0.7),
    ("en-us+m3", "what is the time", 0.4),
    ("en-gb-scotland+f4", "a piano and a banana", 0.6),
    ("en-gb+Andrea", WAKE_WORD, 0.8),
    ("en-gb+Andrea", "turn on the light", 0.4),
]


def main():
    rng = np.random.default_rng(7)
    sound = np.concatenate(
        [piece for voice, text, gap in PARTS for piece in (np.zeros(int(gap * RATE), np.float32), speak(text, voice, 165, 50))]
        + [np.zeros(RATE // 2, np.float32)]
    )
    sound = room(rng, sound)
    sound = sound + 0.004 * noise(rng, len(sound), [sound])
    samples = np.round(sound / np.abs(sound).max() * 12000).astype(np.int16)
    with wave.open(str(Path(__file__).parent / "recording.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    print(f"{len(samples) / RATE:.1f} s")


if __name__ == "__main__":
    main()
