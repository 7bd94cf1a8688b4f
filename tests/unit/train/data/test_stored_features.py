"""Corpora beside the first: feature banks, test recordings of other speakers, shares of a batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from invoke import training_flags

from train.audio.frontend import wav_features
from train.audio.wav import encode_wav
from train.commands.flags import job_of
from train.core.errors import UserError
from train.core.layout import TESTING, TRAINING, VALIDATION
from train.core.spec import FrontEnd
from train.data.dataset import Split
from train.data.job_data import gather
from train.data.stored_features import read_bank
from train.settings.job import ExtraData, Job

FRONT_END = FrontEnd("log_mel")
RNG = np.random.default_rng(3)


@pytest.fixture
def bank(tmp_path) -> Path:
    """Twenty clips each of yes, no and other; ann says the first, ben the last of each word."""
    words = np.repeat(["yes", "no", "other"], 20)
    names = [f"{'ann' if i % 20 == 0 else 'ben' if i % 20 == 19 else f's{i}'}_nohash_0" for i in range(60)]
    path = tmp_path / "bank.npz"
    np.savez(
        path,
        features=RNG.integers(0, 256, (60, 49, 40), dtype=np.uint8),
        word=words,
        name=np.array(names),
        split=np.where(np.arange(60) % 20 < 15, TRAINING, VALIDATION),
    )
    return path


@pytest.fixture
def recordings(write_corpus) -> Path:
    samples = RNG.integers(-3000, 3000, (9, 16000)).astype(np.int16)
    files = {
        f"{word}/{speaker}_nohash_0.wav": samples[index]
        for index, (word, speaker) in enumerate(
            (word, speaker) for word in ("yes", "no", "other") for speaker in ("ann", "cat", "dan")
        )
    }
    files["_background_noise_/hiss.wav"] = RNG.integers(-500, 500, 90000).astype(np.int16)
    return write_corpus(files)


def changed(bank: Path, **arrays: np.ndarray | None) -> Path:
    with np.load(bank) as file:
        content = {name: file[name] for name in file.files} | arrays
    np.savez(bank, **{name: array for name, array in content.items() if array is not None})
    return bank


def test_a_bank_trains_and_recordings_test(bank, recordings):
    job = Job(("yes", "no"), data=str(bank), test_data=str(recordings), front_end=FRONT_END)
    material = gather(job)
    assert material.splits[TRAINING].counts(job.spec.labels) == {
        "_silence_": 15,
        "_unknown_": 15,
        "yes": 15,
        "no": 15,
    }
    tested = [example.clip.name for example in material.splits[TESTING].examples if example.clip]
    assert sorted(tested)[0] == "no/cat_nohash_0.wav"
    assert not [name for name in tested if "/ann_" in name], "ann is trained on"
    assert len([name for name in tested if name.startswith(("yes", "no"))]) == 4

    stored, _ = read_bank(bank, FRONT_END)
    with np.load(bank) as file:
        row_of = dict(zip(stored.clips, file["features"], strict=True))
    for name, features in (
        (VALIDATION, material.main.clips.plain_features(material.splits[VALIDATION])),
        (
            TRAINING,
            material.main.clips.training_features(
                [(example, index, 0) for index, example in enumerate(material.splits[TRAINING].examples)]
            ),
        ),
    ):
        for example, row in zip(material.splits[name].examples, features, strict=True):
            if example.clip:
                assert np.array_equal(row, row_of[example.clip])
    silence = Split(VALIDATION, tuple(e for e in material.splits[VALIDATION].examples if e.clip is None))
    assert np.array_equal(
        material.main.clips.plain_features(silence),
        wav_features(material.tested.audio.plain(silence), FRONT_END),
    )


def test_a_bank_is_said_to_be_taken_without_blocking_dc(bank, recordings, capfd):
    job = Job(("yes", "no"), data=str(bank), test_data=str(recordings), front_end=FRONT_END)
    gather(job)
    assert "--dc-block" not in capfd.readouterr().err
    gather(replace(job, front_end=FrontEnd("log_mel", dc_block=True)))
    assert "bank.npz is taken as it is: --dc-block changes" in capfd.readouterr().err


def test_a_bank_of_other_mel_bands_is_refused(bank, tmp_path):
    wide = FrontEnd("log_mel", mel_top_hz=7600)
    with pytest.raises(
        UserError, match=r"end at 4000 Hz, those of this job at 7600 Hz; pass --mel-top-hz 4000"
    ):
        read_bank(bank, wide)
    with np.load(bank) as file:
        arrays = {name: file[name] for name in file.files}
    path = tmp_path / "wide.npz"
    np.savez(path, mel_top_hz=7600, **arrays)
    assert len(read_bank(path, wide)[1]) == len(arrays["word"])
    with pytest.raises(UserError, match=r"end at 7600 Hz, those of this job at 4000 Hz"):
        read_bank(path, FRONT_END)
    np.savez(path, mel_top_hz=np.array([7600, 4000]), **arrays)
    with pytest.raises(UserError, match="not a feature bank that can be read"):
        read_bank(path, FRONT_END)


def test_evaluating_takes_the_same_test_clips(bank, recordings):
    job = Job(("yes", "no"), data=str(bank), test_data=str(recordings), front_end=FRONT_END)
    assert gather(job, (TESTING,)).splits[TESTING] == gather(job).splits[TESTING]
    others = gather(job.on(str(recordings)), ("all",))
    assert len([e for e in others.splits["all"].examples if e.clip]) > 4


def test_few_recordings_are_all_trained_on(bank, recordings, tmp_path):
    """One clip of each word: by the hash of their names, some would be for validation."""
    for number, word in enumerate(("yes", "no", "other")):
        path = tmp_path / "few" / word / f"{number}_nohash_0.wav"
        path.parent.mkdir(parents=True)
        path.write_bytes((recordings / word / "dan_nohash_0.wav").read_bytes())
    extra = ExtraData(str(tmp_path / "few"), 0.1)
    for seed in range(3):
        job = Job(
            ("yes", "no"),
            data=str(bank),
            test_data=str(recordings),
            extra_data=(extra,),
            front_end=FRONT_END,
            seed=seed,
            validation_percentage=49,
            testing_percentage=50,
        )
        counts = gather(job).extras[0].split.counts(job.spec.labels)
        assert (counts["yes"], counts["no"], counts["_unknown_"]) == (1, 1, 1)


def test_a_bank_with_other_noise_is_another_corpus(bank, recordings):
    job = Job(("yes", "no"), data=str(bank), test_data=str(recordings), front_end=FRONT_END)
    before = gather(job).corpus_sha256
    hiss = recordings / "_background_noise_" / "hiss.wav"
    hiss.write_bytes(encode_wav(RNG.integers(-500, 500, 90000).astype(np.int16), FRONT_END.sample_rate_hz))
    assert gather(job).corpus_sha256 != before


def test_extra_clips_are_for_training_alone(bank, recordings):
    job = Job(
        ("yes", "no"),
        data=str(bank),
        test_data=str(recordings),
        extra_data=(ExtraData(str(bank), 0.25),),
        front_end=FRONT_END,
    )
    material = gather(job)
    (extra,) = material.extras
    assert extra.share == 0.25
    assert len(extra.split.examples) == 60
    assert not gather(job, (TESTING,)).extras
    held_out = {e.clip.speaker for e in material.splits[VALIDATION].examples if e.clip}
    assert not held_out & {e.clip.speaker for e in extra.split.examples if e.clip}
    assert material.corpus_sha256 == f"{material.main.corpus.sha256}+{extra.collection.corpus.sha256}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word": None}, "a feature bank without word; expected the arrays features, word, name, split"),
        (
            {"features": np.zeros((60, 49, 43), np.uint8)},
            r"uint8 features of \(49, 43\), the front end 'log_mel'",
        ),
        ({"features": np.zeros((60, 49, 40), np.float32)}, "holds float32 features"),
        ({"name": np.array(["a_nohash_0"])}, "its arrays differ in length"),
        ({"split": np.repeat("dev", 60)}, "splits are dev, expected training, validation, testing"),
    ],
)
def test_a_bank_that_is_none(bank, change, message):
    with pytest.raises(UserError, match=f"--data {bank}: .*{message}"):
        read_bank(changed(bank, **change), FRONT_END)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04cut"])
def test_a_file_that_is_no_npz(bank, content):
    bank.write_bytes(content)
    with pytest.raises(UserError, match="not a feature bank that can be read"):
        read_bank(bank, FRONT_END)


def test_a_bank_needs_recordings_beside_it(bank):
    with pytest.raises(UserError, match=f"--data {bank}: a feature bank has neither noise nor audio"):
        gather(Job(("yes", "no"), data=str(bank), front_end=FRONT_END))


def test_recordings_of_the_same_speakers_alone_cannot_test(bank, write_corpus):
    root = write_corpus(
        {f"{word}/ann_nohash_7.wav": np.zeros(16000, np.int16) for word in ("yes", "no", "x")}
    )
    with pytest.raises(UserError, match="every speaker of it is also trained on"):
        gather(Job(("yes", "no"), data=str(bank), test_data=str(root), front_end=FRONT_END))


def test_missing_test_data_is_named_by_its_flag(bank):
    with pytest.raises(UserError, match="--test-data nothere: there is no such folder or archive"):
        gather(Job(("yes", "no"), data=str(bank), test_data="nothere", front_end=FRONT_END))


def parsed(*flags: str) -> Job:
    return job_of(training_flags(["--words", "yes,no", *flags]))


def test_flags_of_several_corpora():
    job = parsed("--data", "recordings", "--data", "a@b@0.25", "--data", "synthetic@0.5")
    assert job.data == "recordings"
    assert job.extra_data == (ExtraData("a@b", 0.25), ExtraData("synthetic", 0.5))
    assert Job.from_json(job.to_json(), "job.json") == job
    for first in ("A@0.4", "A"):
        assert parsed("--data", first, "--data", "B@0.6").data == "A"
    assert parsed("--data", "A@0.33", "--data", "B@0.33", "--data", "C@0.33").data == "A"


def test_a_first_folder_with_an_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "A@0.4").mkdir()
    assert parsed("--data", "A@0.4", "--data", "B@0.3").data == "A@0.4"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data", "a", "--data", "b"], "only the first --data stands alone; expected WHERE@SHARE.* b@0.5"),
        (["--data", "a", "--data", "b@much"], "expected WHERE@SHARE"),
        (["--data", "a", "--data", "b@1.5"], "its share of each batch is 1.5, expected more than 0 and less"),
        (["--data", "a", "--data", "b@0.5", "--data", "c@0.5"], "leave nothing for the first"),
        (
            ["--data", "a@0.4", "--data", "b@0.5"],
            r"what the others leave of each batch, 0\.5; expected a@0\.5",
        ),
        (["--data", "a@0.4"], r"what the others leave of each batch, 1; expected a@1, or a alone"),
    ],
)
def test_shares_that_make_no_sense(flags, message):
    with pytest.raises(UserError, match=message):
        parsed(*flags)
