"""A corpus of seconds: words that are tones."""

from pathlib import Path

import numpy as np

from train.audio.wav import encode_wav


def write_tones(root: Path) -> Path:
    """Words that are tones, of twelve speakers, in the layout of Speech Commands."""
    generator = np.random.default_rng(5)
    seconds = np.arange(16000) / 16000

    def write(path: Path, audio: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_wav((32767 * np.clip(audio, -1, 1)).astype(np.int16), 16000))

    for word, tone_hz in {"yes": 500, "no": 1500, "bed": 2700}.items():
        for speaker in range(12):
            tone = 0.08 * np.sin(2 * np.pi * (tone_hz + 15 * speaker) * seconds)
            noise = generator.normal(0, 0.01, 16000)
            write(root / word / f"speaker{speaker:02}_nohash_0.wav", tone + noise)
    write(root / "_background_noise_" / "hum.wav", generator.normal(0, 0.02, 80000))
    for name, speakers in {"validation_list.txt": (8, 9), "testing_list.txt": (10, 11)}.items():
        lines = [f"{word}/speaker{s:02}_nohash_0.wav\n" for word in ("yes", "no", "bed") for s in speakers]
        (root / name).write_text("".join(lines), encoding="utf-8")
    return root
