"""A bank as TFRecord files on storage that all workers see: written once, by all of them together.

    FOLDER/<key>.tfrecord/clips-00003-of-00040.tfrecord    1,000 clips each, whole or not there at all
    FOLDER/<key>.tfrecord/manifest.json                    the last file: counts and SHA-256 of the others

Each worker makes missing shards, beginning at a place of its own and going round, until none is missing. So
no worker waits for another, and the others make the shards of a worker that died. Two workers that make a
shard at the same time write the same bytes (docs/adr/0016-distribution.md).

A record is a tf.train.Example with ``features``, the bytes of (frames, bins) of the front end's step type,
and ``label``, an index.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.core import runfolder
from train.core.console import progress
from train.core.errors import UserError
from train.data import feature_cache
from train.data.feature_cache import Bank, BankRequest
from train.training.cluster import Cluster

_SHARD_CLIPS = 1000
_VERSION = 1  # raise it when files of the same request look different
_MANIFEST = "manifest.json"


def sharded_bank(request: BankRequest, folder: Path, cluster: Cluster | None = None) -> Bank:
    """Read the bank of a training split from ``folder``, after making the shards that are missing.

    Raises:
        UserError: files that do not belong together, or are damaged.
    """
    home = folder / f"{request.key}.tfrecord"
    manifest = home / _MANIFEST
    home.mkdir(parents=True, exist_ok=True)
    if not manifest.is_file():
        index, workers = (cluster.index, len(cluster.workers)) if cluster is not None else (0, 1)
        _make_missing(request, home, start=index * _count(request) // workers)
        runfolder.write_json(manifest, _described(request, home))
    os.utime(home)
    return _read(request, home)


def _count(request: BankRequest) -> int:
    return -(-len(request.plan) // _SHARD_CLIPS)


def _block(shard: int) -> slice:
    return slice(shard * _SHARD_CLIPS, (shard + 1) * _SHARD_CLIPS)


def _path(request: BankRequest, home: Path, shard: int) -> Path:
    return home / f"clips-{shard:05}-of-{_count(request):05}.tfrecord"


def _make_missing(request: BankRequest, home: Path, start: int) -> None:
    shards = range(_count(request))
    with progress("features", len(request.plan)) as advance:
        for shard in [*shards[start:], *shards[:start]]:
            path, plan = _path(request, home, shard), request.plan[_block(shard)]
            if path.is_file() and _is_whole(path, len(plan)):
                advance(len(plan))
                continue
            features = feature_cache.compute(request, plan, advance)
            labels = [example.label for example, _, _ in plan]
            with runfolder.atomic_path(path) as temporary:
                _write(temporary, features, labels)


def _write(path: Path, features: NDArray[Any], labels: list[int]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for clip, label in zip(features, labels, strict=True):
            values = {
                "features": tf.train.Feature(bytes_list=tf.train.BytesList(value=[clip.tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=values))
            # Maps have no order of their own: what two workers make has to be the same bytes.
            writer.write(example.SerializeToString(deterministic=True))
    with path.open("rb") as file:
        os.fsync(file.fileno())  # its name must not reach the disk before its content


def _is_whole(path: Path, clips: int) -> bool:
    """Whether a shard can be read to its end, to be checked before a manifest vouches for it."""
    try:
        return sum(1 for _ in tf.data.TFRecordDataset(str(path))) == clips
    except tf.errors.DataLossError:
        return False


def _described(request: BankRequest, home: Path) -> dict[str, Any]:
    """The manifest of what is there."""
    shards = [_path(request, home, shard) for shard in range(_count(request))]
    return {
        "version": _VERSION,
        "key": request.key,
        "clips": len(request.plan),
        "shards": [{"file": path.name, "sha256": runfolder.sha256_file(path)} for path in shards],
    }


def _read(request: BankRequest, home: Path) -> Bank:
    manifest = runfolder.read_json(home / _MANIFEST)
    expected = {"version": _VERSION, "key": request.key, "clips": len(request.plan)}
    found = {name: manifest.get(name) if isinstance(manifest, dict) else None for name in expected}
    if found != expected:
        raise UserError(
            f"{home / _MANIFEST}: is of {found}, expected {expected}; remove {home} to make it again"
        )
    try:
        told = {shard["file"]: shard["sha256"] for shard in manifest["shards"]}
    except (KeyError, TypeError) as error:
        raise UserError(f"{home / _MANIFEST}: is damaged; remove {home} to make it again") from error
    features = np.empty((len(request.plan), *request.shape), request.front_end.step_type)
    labels = np.empty(len(request.plan), np.int64)
    for shard in range(_count(request)):
        path = _path(request, home, shard)
        if not path.is_file():
            raise UserError(f"{path}: missing, though {_MANIFEST} lists it; remove {home} to make it again")
        if runfolder.sha256_file(path) != told.get(path.name):
            raise UserError(f"{path}: is not what {_MANIFEST} tells; remove {home} to make it again")
        block = _block(shard)
        clips = len(request.plan[block])
        records = tf.data.TFRecordDataset(str(path)).batch(clips).get_single_element()
        parsed = tf.io.parse_example(
            records,
            {"features": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)},
        )
        decoded = tf.io.decode_raw(parsed["features"], features.dtype)
        features[block] = decoded.numpy().reshape(clips, *request.shape)
        labels[block] = parsed["label"].numpy()
    return Bank(features, labels)
