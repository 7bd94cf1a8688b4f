"""WAV files that cannot be read, each with the label that the challenge gives it and the reason."""

import numpy as np

from train.audio import wav


def noise(number: int) -> np.ndarray:
    """(16000,) int16, loud enough for x 1.2 to leave the range of int16."""
    return wav.to_int16(
        np.clip(np.random.default_rng(number).normal(0, 0.4, 16000), -1, 1).astype(np.float32)
    )


GOOD = wav.encode_wav(noise(0), 16000)
BAD = {
    "not a wav": (b"ID3\x04 is an mp3 of some length", "unknown", "not a RIFF WAVE file"),
    "no bytes": (b"", "silence", "file is empty"),
    "no samples": (wav.encode_wav(noise(0)[:0], 16000), "silence", "no samples"),
    "rate": (wav.encode_wav(noise(0), 44100), "unknown", "44100 Hz, expected 16000 Hz"),
    "stereo": (GOOD[:22] + b"\2" + GOOD[23:], "unknown", "2 channels, expected mono"),
    "8 bit": (GOOD[:34] + b"\x08" + GOOD[35:], "unknown", "8-bit samples, expected 16-bit PCM"),
    "float": (GOOD[:20] + b"\3" + GOOD[21:], "unknown", "16-bit float samples"),
    "compressed": (GOOD[:20] + b"\x11" + GOOD[21:], "unknown", "format tag 0x0011"),
    "cut in the header": (GOOD[:30], "unknown", "format chunk has 10 bytes, needs 16"),
    "no data chunk": (GOOD[:36], "unknown", "ends after 36 bytes without a data chunk"),
    "cut in the samples": (GOOD[:-7], "unknown", "header announces 32000 bytes of samples, file holds 31993"),
    "half a sample": (GOOD[:40] + b"\5\0\0\0" + b"12345", "unknown", "half a sample too many"),
    "data before format": (GOOD[:12] + GOOD[36:], "unknown", "data chunk comes before the format chunk"),
}
