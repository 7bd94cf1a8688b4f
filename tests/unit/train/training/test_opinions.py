"""What teachers say of a bank's clips: of the same audio through their own front end, and computed once."""

from pathlib import Path

import numpy as np
import pytest
from small_clips import other

from train import architectures
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.data.corpus import Corpus, read_corpus
from train.data.dataset import AudioSource, make_split
from train.data.feature_cache import BankRequest, training_bank
from train.data.stored_features import StoredFeatures
from train.settings.augmentation import Augmentation
from train.settings.sampling import Sampling
from train.training.opinions import opinions_of

LABELS = labels_for(("yes",))
OWN, OTHER = (FrontEnd(name, clip_duration_ms=100) for name in ("average", "log_mel"))
LONGER = FrontEnd("log_mel", clip_duration_ms=120)


@pytest.fixture
def request_of(write_corpus, monkeypatch, tmp_path):
    """What a bank of a small corpus is made by, of a front end."""
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    files = {f"{word}/{n}_nohash_0.wav": 30 * other(n, 1600) for word in ("yes", "cat") for n in range(12)}
    corpus = read_corpus(write_corpus(files | {"_background_noise_/hiss.wav": other(99, 9000)}), 16000)
    augmentation = Augmentation(time_shift_ms=20)

    def make(front_end: FrontEnd) -> BankRequest:
        spec = ModelSpec(LABELS, front_end=front_end)
        split = make_split(corpus, LABELS, "training", Sampling(), 1)
        source = AudioSource(corpus, spec, augmentation, seed=1)
        return BankRequest(split, source, front_end, augmentation, corpus.sha256, 1, 40)

    return make


def teacher(folder: Path, front_end: FrontEnd, seed: int = 1) -> Path:
    """A run folder with an untrained model, whose scores differ from clip to clip."""
    folder.mkdir()
    model = architectures.build("single_fc", front_end, 3, 0.0, seed)
    model.save(folder / runfolder.KERAS)
    runfolder.write_spec(folder, ModelSpec(LABELS, "single_fc", front_end), [runfolder.KERAS])
    return folder


def said_by(run: Path, features: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    inputs = features.astype(np.float32)[..., np.newaxis] * np.float32(front_end.feature_scale)
    return np.log(architectures.load(run / runfolder.KERAS).predict(inputs, verbose=0))


def test_a_teacher_hears_the_same_audio_through_its_own_front_end(request_of, tmp_path):
    """And two teachers are averaged, whatever they hear through."""
    request = request_of(OWN)
    bank = training_bank(request)
    near, far = teacher(tmp_path / "near", OWN), teacher(tmp_path / "far", OTHER)
    heard = training_bank(request_of(OTHER))
    assert np.array_equal(heard.labels, bank.labels)
    wanted = said_by(far, heard.features, OTHER)
    assert np.ptp(wanted, axis=0).max() > 0.01
    assert opinions_of((far,), request, bank) == pytest.approx(wanted, abs=1e-4)
    both = (wanted + said_by(near, bank.features, OWN)) / 2
    assert opinions_of((far, near), request, bank) == pytest.approx(both, abs=1e-4)


def test_opinions_are_kept_for_the_same_model_and_bank(request_of, tmp_path):
    request = request_of(OWN)
    bank, run = training_bank(request), teacher(tmp_path / "run", OWN)
    first = opinions_of((run,), request, bank)
    (kept,) = request.folder.glob("opinion-*.npy")
    np.save(kept, first + 1)
    assert np.array_equal(opinions_of((run,), request, bank), first + 1)
    retrained = teacher(tmp_path / "retrained", OWN, seed=2)
    assert not np.array_equal(opinions_of((retrained,), request, bank), first)
    assert len(list(request.folder.glob("opinion-*.npy"))) == 2


def test_a_teacher_that_cannot_hear_the_clips_is_refused(request_of, tmp_path):
    request = request_of(OWN)
    bank, run = training_bank(request), teacher(tmp_path / "longer", LONGER)
    with pytest.raises(
        UserError, match="clips of 120 ms at 16000 Hz cannot hear those of this job, of 100 ms"
    ):
        opinions_of((run,), request, bank)


def test_features_without_audio_cannot_be_heard_by_another_front_end(request_of):
    noise = request_of(OTHER).source
    corpus = Corpus(Path("bank.npz"), (), (), (), "lists", "")
    stored = StoredFeatures(corpus, np.zeros((0, 4, 40), np.uint8), noise)
    with pytest.raises(
        UserError, match=r"bank\.npz: holds features without audio, which the front end average"
    ):
        stored.heard_by(OWN)
