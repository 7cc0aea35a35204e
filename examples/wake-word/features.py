"""Features as the firmware computes them: the audio front end of TensorFlow Lite Micro, by the package pymicro-features.

nanoc's front end with front-end.json gives the same numbers (docs/AUDIO.md).
"""

import numpy as np
from pymicro_features import MicroFrontend

# Samples a frame, and of the first one.
STEP, WINDOW = 160, 480
CHANNELS = 40
# The package's features are the front end's integers times this.
UNIT = np.float32(0.0390625)
# The model's input: real value = (q + 128) * SCALE, 0 to 26.
SCALE, ZERO_POINT = np.float32(26 / 255), -128


def features(samples):
    """int8 [frames, 40] of int16 samples."""
    frontend = MicroFrontend()
    rows = []
    for start in range(0, len(samples) - STEP + 1, STEP):
        row = frontend.process_samples(samples[start : start + STEP].tobytes()).features
        if row:
            rows.append(row)
    real = np.array(rows, np.float32)
    return np.clip(np.rint(real / SCALE) + ZERO_POINT, -128, 127).astype(np.int8)


def frame_of(sample):
    """The last frame that has seen no sample from `sample` on."""
    return (sample - WINDOW) // STEP
