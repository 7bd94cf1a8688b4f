"""TF_CONFIG read: which workers there are, or what is wrong with it."""

import json

import pytest

from train.core.errors import UserError
from train.training.cluster import ALONE, MULTI_WORKER, Cluster, distribution, read_cluster

WORKERS = ["10.0.0.1:2222", "node-b:2223", "[fe80::1]:2222"]


def config(workers: object = WORKERS, index: object = 1, kind: str = "worker", **jobs: object) -> str:
    return json.dumps({"cluster": {"worker": workers} | jobs, "task": {"type": kind, "index": index}})


def test_workers_in_order_and_who_this_is():
    cluster = read_cluster(config())
    assert cluster == Cluster(tuple(WORKERS), 1)
    assert not cluster.is_chief
    assert cluster.name(1) == "worker 1 (node-b:2223)"
    assert read_cluster(config(index=0)).is_chief


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "TF_CONFIG is not set"),
        ("{cluster: 1}", "is not JSON"),
        ("[]", "is not made like that"),
        ('{"task": {}}', "has no 'cluster'"),
        ('{"cluster": {"worker": ["a:1"]}}', "has no 'task'"),
        (config([]), "lists no workers"),
        (config("a:1"), "lists no workers"),
        (config(["a:1", "b"]), "lists the worker 'b', expected HOST:PORT"),
        (config(["a:1", "b:70000"]), "lists the worker 'b:70000'"),
        (config(["a:1", 7]), "lists the worker 7"),
        (config(["a:1", "b:1", "a:1"]), "lists a:1 more than once"),
        (config(index=3), "says that this is worker 3, expected 0 to 2"),
        (config(index="0"), "says that this is worker '0'"),
        (config(index=True), "says that this is worker True"),
        (config(kind="ps"), "names the task type ps"),
        (config(chief=["c:1"]), "names the task type chief"),
    ],
)
def test_mistakes_are_told(text, says):
    with pytest.raises(UserError) as caught:
        read_cluster(text)
    assert says in str(caught.value)
    assert '"task": {"type": "worker", "index": 0}' in str(caught.value), "what it should look like"


def test_only_several_workers_read_it():
    assert distribution(ALONE, None, {"TF_CONFIG": "nonsense"}).is_chief
    with pytest.raises(UserError, match="is not JSON"):
        distribution(MULTI_WORKER, None, {"TF_CONFIG": "nonsense"})


def test_a_bank_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file, expected a folder"):
        distribution(ALONE, tmp_path / "file", {})
