"""Banks as shards: the bank that the cache holds, made by several, and never read half or changed."""

import dataclasses
import json
from dataclasses import replace

import numpy as np
import pytest

from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.data import feature_cache
from train.data.dataset import Example, Split
from train.data.feature_cache import BankRequest
from train.settings.augmentation import Augmentation
from train.training import shards
from train.training.cluster import Cluster
from train.training.shards import sharded_bank

CLIPS = 25  # in shards of 10


@dataclasses.dataclass
class Noise:
    """Clips whose features tell their index and variant; ``made`` counts them."""

    made: int = 0

    def training_features(self, entries):
        self.made += len(entries)
        front_end = FrontEnd()
        return np.stack(
            [
                np.full((front_end.frames, front_end.bins), 10 * variant + index, np.uint8)
                for _, index, variant in entries
            ]
        )


@pytest.fixture(autouse=True)
def small_shards(monkeypatch, tmp_path):
    monkeypatch.setattr(shards, "_SHARD_CLIPS", 10)
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))


def request(source: Noise | None = None, seed: int = 1) -> BankRequest:
    split = Split("training", tuple(Example(None, label) for label in (0, 2, 3, 1, 2)))
    return BankRequest(split, source or Noise(), FrontEnd(), Augmentation(), "corpus", seed, CLIPS)


def home(folder):
    (found,) = folder.iterdir()
    return found


def test_the_bank_of_the_cache_is_read_back(tmp_path):
    folder = tmp_path / "shared"
    expected = feature_cache.training_bank(request())
    for source in (Noise(), Noise()):
        found = sharded_bank(request(source), folder)
        np.testing.assert_array_equal(found.features, expected.features)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert (found.features.dtype, found.labels.dtype) == (np.uint8, np.int64)
    assert source.made == 0, "the second time it is only read"
    names = sorted(path.name for path in home(folder).iterdir())
    assert names == [*(f"clips-{shard:05}-of-00003.tfrecord" for shard in range(3)), "manifest.json"]


def test_what_is_missing_of_a_half_written_bank_is_made(tmp_path):
    """As a worker leaves it that died: no manifest yet, a shard missing, one cut short, one temporary."""
    sharded_bank(request(), tmp_path / "shared")
    bank_home = home(tmp_path / "shared")
    (bank_home / "manifest.json").unlink()
    (bank_home / "clips-00001-of-00003.tfrecord").rename(bank_home / ".clips-00001-of-00003.tfrecord.x")
    short = bank_home / "clips-00002-of-00003.tfrecord"
    short.write_bytes(short.read_bytes()[:-50])
    source = Noise()
    found = sharded_bank(request(source), tmp_path / "shared")
    assert source.made == 10 + 5
    np.testing.assert_array_equal(found.features, feature_cache.training_bank(request()).features)


def test_workers_begin_at_places_of_their_own(tmp_path, monkeypatch):
    """The second of three, and then goes round."""
    order, write = [], shards._write

    def noted(path, features, labels):
        order.append(path.name.partition("-of-")[0].rpartition("-")[2])
        write(path, features, labels)

    monkeypatch.setattr(shards, "_write", noted)
    sharded_bank(request(), tmp_path / "shared", Cluster(("a:1", "b:1", "c:1"), 1))
    assert order == ["00001", "00002", "00000"]


def test_other_settings_are_another_bank(tmp_path):
    sharded_bank(request(), tmp_path / "shared")
    source = Noise()
    sharded_bank(request(source, seed=2), tmp_path / "shared")
    assert source.made == CLIPS
    assert len(list((tmp_path / "shared").iterdir())) == 2


@pytest.mark.parametrize("fault", ["changed", "missing", "key", "damaged", "version"])
def test_what_does_not_belong_together_is_refused(tmp_path, fault):
    sharded_bank(request(), tmp_path / "shared")
    manifest = home(tmp_path / "shared") / "manifest.json"
    content = json.loads(manifest.read_text())
    shard = manifest.parent / content["shards"][1]["file"]
    if fault == "changed":
        data = bytearray(shard.read_bytes())
        data[100] ^= 1
        shard.write_bytes(data)
        says = f"{shard}: is not what manifest.json tells"
    elif fault == "missing":
        shard.unlink()
        says = f"{shard}: missing, though manifest.json lists it"
    elif fault == "key":
        manifest.write_text(json.dumps(content | {"key": "other"}))
        says = f"{manifest}: is of {{'version': 1, 'key': 'other'"
    elif fault == "version":
        manifest.write_text(json.dumps(content | {"version": 0}))
        says = f"{manifest}: is of {{'version': 0"
    else:
        manifest.write_text(json.dumps(content | {"shards": 3}))
        says = f"{manifest}: is damaged"
    with pytest.raises(UserError) as caught:
        sharded_bank(request(), tmp_path / "shared")
    assert str(caught.value).startswith(says)
    assert f"remove {manifest.parent} to make it again" in str(caught.value)


def test_the_request_alone_decides_the_key():
    assert request().key == request().key
    changed = [request(seed=2), replace(request(), corpus_sha256="other"), replace(request(), bank_clips=30)]
    assert len({request().key, *(other.key for other in changed)}) == 4


def test_the_order_within_a_record_is_not_left_to_chance(tmp_path):
    """Workers that make the same shard make the same bytes: protobuf gives maps an order of each process."""
    path = tmp_path / "shard"
    shards._write(path, np.zeros((50, 2, 3), np.int8), [0] * 50)
    content = path.read_bytes()
    assert content.count(b"features") == content.count(b"label") == 50
    for record in content.split(b"features")[1:]:
        assert b"label" in record
    assert content.index(b"features") < content.index(b"label")
