"""What workers tell each other and the user; tests/chain/test_distribute.py lets them train."""

import json
import socket
from types import SimpleNamespace

import pytest
import tensorflow as tf

from train.core.errors import UserError
from train.settings.job import ExtraData, Job
from train.training import distribute, stage
from train.training.cluster import Cluster
from train.training.distribute import Replicas, WorkerLost


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def cluster() -> Cluster:
    """Two workers, of which this is the first and the other is not there."""
    return Cluster((free_address(), free_address()), 0)


def test_other_settings_are_named(cluster, monkeypatch):
    replicas = Replicas(cluster=cluster)
    ours = {"seed": 1, "words": ["yes"], "recipe.batch_size": 100}
    told = [json.dumps(ours), json.dumps(ours)]
    monkeypatch.setattr(replicas, "_texts", lambda text: told)
    replicas.check_same(ours)
    told[1] = json.dumps(ours | {"seed": 2, "words": ["no"]})
    with pytest.raises(UserError) as caught:
        replicas.check_same(ours)
    assert str(caught.value) == (
        f"worker 1 ({cluster.workers[1]}) was started with other settings than worker 0: seed 2, not 1, "
        "words ['no'], not ['yes']; start all workers with the same command"
    )


def test_clips_may_lie_elsewhere_on_each_worker():
    def common(where: str, share: float):
        job = Job(("yes",), data=where, extra_data=(ExtraData(f"{where}/pseudo", share),))
        return stage._common(job, SimpleNamespace(corpus_sha256="0"))

    assert common("/mnt/a", 0.6) == common("/mnt/b", 0.6) != common("/mnt/a", 0.5)


def test_a_lost_worker_is_told_from_a_bug(cluster, tmp_path):
    replicas = Replicas(cluster=cluster)
    lost = tf.errors.UnavailableError(None, None, "Collective ops is aborted by: Connection refused")
    with pytest.raises(WorkerLost) as caught, replicas.watched(tmp_path):
        raise lost
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(f"worker 1 ({cluster.workers[1]}) ended or cannot be reached")
    assert "no checkpoint yet: start all workers again, with --overwrite" in str(caught.value)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.npz").touch()
    again = f"--resume {tmp_path} --distribute multi_worker"
    with pytest.raises(WorkerLost, match=again), replicas.watched(tmp_path):
        raise lost
    for bug in (tf.errors.InternalError(None, None, "out of range"), ValueError("collective")):
        with pytest.raises(type(bug)), replicas.watched(tmp_path):
            raise bug
    with pytest.raises(tf.errors.UnavailableError), Replicas().watched(tmp_path):
        raise lost


def test_a_frozen_worker_is_named_by_tensorflow(cluster, tmp_path):
    """Its address still answers, as a stopped process's does."""
    host, _, port = cluster.workers[1].partition(":")
    text = "Collective ops is aborted by: /job:worker/replica:0/task:1 is unhealthy"
    with (
        socket.create_server((host, int(port))),
        pytest.raises(WorkerLost, match=r"^worker 1 \("),
        Replicas(cluster=cluster).watched(tmp_path),
    ):
        raise tf.errors.UnavailableError(None, None, text)


def test_waiting_ends(cluster, monkeypatch):
    monkeypatch.setattr(distribute, "_MEET_TIMEOUT_S", 0.2)
    monkeypatch.setattr(distribute, "_MEET_NOTE_S", 0.1)
    monkeypatch.setattr(distribute, "_MEET_PAUSE_S", 0.05)
    with pytest.raises(WorkerLost, match=r"^worker 1 \(.*\) did not come within 0.2 s; start every worker"):
        distribute._meet(cluster)
    host, _, port = cluster.workers[1].partition(":")
    with socket.create_server((host, int(port))):
        distribute._meet(cluster)


def test_a_port_that_is_taken(cluster):
    port = int(cluster.workers[0].partition(":")[2])
    with socket.create_server(("", port)), pytest.raises(UserError) as caught:
        distribute._meet(cluster)
    assert str(caught.value).startswith(f"worker 0 ({cluster.workers[0]}): port {port} cannot be used here")


def test_alone_nothing_changes():
    alone = Replicas()
    assert (alone.count, alone.is_chief, alone.flag) == (1, True, "")
    gradients = [tf.constant(2.0)]
    assert alone.shares(gradients) is gradients
    assert (alone.any(True), alone.any(False), alone.begin([], [], 7)) == (True, False, 7)
    rows = tf.range(4)
    assert distribute.own_rows(rows) is rows
    assert distribute.own_seed(rows) is rows
