"""Random trees of folders: each gives a corpus or one line that says why not."""

import io
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
from fuzzing import cases

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.data.corpus import read_corpus, require_words
from train.data.dataset import AudioSource, make_split
from train.data.folders import corpus_root
from train.settings.job import Job
from train.settings.sampling import Sampling

TREES = cases(60, 1000)
WORDS = ("yes", "größe")
NAMES = [
    *(
        "yes",
        "YES",
        "no",
        "größe",
        "gro\u0308ße",
        "anna",
        "ben",
        "train",
        "test",
        "audio",
        "_background_noise_",
    ),
    *("noise", "silence", "unknown", "Hintergrund", "__MACOSX", ".git", "a b", "ж", "-x", "1"),
    *("100%", "a'b", "{}", "\n", "$(x)", os.fsdecode(b"\xff\xfe"), os.fsdecode(b"gr\xf6\xdfe")),
]
FILES = [
    *("1.wav", "2.wav", "yes 1.wav", "anna_nohash_0.wav", "ben_nohash_1.WAV", "Neue Aufnahme 21.wav"),
    *(".hidden.wav", "Thumbs.db", "README", "x.mp3", "x.flac", "no suffix", "ж.wav", "\x1b[31m.wav"),
    *("a,b.wav", "=1+1.wav", os.fsdecode(b"\xe4.wav")),
]


def contents() -> list[bytes]:
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    tone = (3000 * np.sin(np.arange(4000) / 5)).astype(np.int16)
    flac = io.BytesIO()
    soundfile.write(flac, tone[:800], 8000, format="FLAC")
    wav = encode_wav(tone, 16000)
    long = encode_wav(np.tile(tone, 9), 16000)
    other = encode_wav(tone, 44100)
    return [wav, wav, wav, long, other, flac.getvalue(), wav[:99], wav[:40] + bytes(4) + wav[44:], b""]


def plant(root: Path, chance: random.Random, known: list[bytes]) -> None:
    for _ in range(chance.randint(0, 12)):
        folder = root.joinpath(*(chance.choice(NAMES) for _ in range(chance.randint(0, 3))))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for _ in range(chance.randint(0, 4)):
                (folder / chance.choice(FILES)).write_bytes(chance.choice(known))
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue


@pytest.mark.fuzz
def test_random_trees(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    known = contents()
    found = 0
    for seed in range(TREES):
        chance = random.Random(seed)
        root = tmp_path / str(seed)
        root.mkdir()
        plant(root, chance, known)
        words = WORDS[: chance.randint(0, 2)]
        try:
            place = corpus_root(root, words=words)
            corpus = read_corpus(place, 16000, words=words)
            present = tuple(word for word in words if word in corpus.words)
            require_words(corpus, present, splits=())
            if present:
                job = Job(present, sampling=Sampling(unknown_percentage=0))
                split = make_split(corpus, job.spec.labels, "all", job.sampling, seed)
                assert np.isfinite(AudioSource(corpus, job.spec, job.augmentation, seed).plain(split)).all()
        except UserError:
            continue
        found += 1
        names = [clip.name for clip in corpus.clips]
        assert len(set(names)) == len(names)
        assert not re.search(r"[\x00-\x1f\ud800-\udfff]", "".join(names))
        "".join((corpus.note, *(item.file + item.reason for item in corpus.skipped))).encode()
    print(f"{TREES} random trees: {found} corpora, {TREES - found} refused in a line")
    assert found > TREES / 4
