"""Where a training runs: on this computer alone, on its devices, or as one of several workers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.core.errors import UserError

ALONE, MIRRORED, MULTI_WORKER = "none", "mirrored", "multi_worker"
DISTRIBUTIONS = (ALONE, MIRRORED, MULTI_WORKER)
CHIEF = 0  # index of the worker that writes the run folder

_EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_ADDRESS = re.compile(r"(?P<host>[^\s:]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class Cluster:
    """All workers of a training, ``host:port`` each, and which of them this process is."""

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        return self.index == CHIEF

    def name(self, index: int) -> str:
        """How messages call a worker."""
        return f"worker {index} ({self.workers[index]})"


@dataclass(frozen=True)
class Distribution:
    """What ``--distribute`` and ``--bank-folder`` ask for; the job is the same with any of it."""

    kind: str = ALONE
    cluster: Cluster | None = None
    bank_folder: Path | None = None

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run folder."""
        return self.cluster is None or self.cluster.is_chief

    @property
    def is_alone(self) -> bool:
        return self.kind == ALONE


def distribution(kind: str, bank_folder: Path | None, environment: Mapping[str, str]) -> Distribution:
    """The distribution that flags and TF_CONFIG ask for.

    Raises:
        UserError: as ``read_cluster``, or a folder for banks that is a file.
    """
    if bank_folder is not None and bank_folder.exists() and not bank_folder.is_dir():
        raise UserError(f"--bank-folder {bank_folder}: is a file, expected a folder, new or not")
    cluster = read_cluster(environment.get("TF_CONFIG")) if kind == MULTI_WORKER else None
    return Distribution(kind, cluster, bank_folder)


def read_cluster(text: str | None) -> Cluster:
    """The cluster that the environment variable TF_CONFIG describes.

    Args:
        text: its content; None where it is not set.
    Raises:
        UserError: it is missing or says something else than a list of workers and one of them.
    """
    if not text:
        raise UserError(
            f"--distribute multi_worker: TF_CONFIG is not set; expected JSON such as {_EXAMPLE}, with an "
            "index of its own for each worker (docs/DISTRIBUTED.md)"
        )
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise _fault(f"is not JSON ({error})") from error
    try:
        jobs, task = dict(content["cluster"]), dict(content["task"])
        workers, kind, index = jobs.pop("worker"), task["type"], task["index"]
    except (KeyError, TypeError, ValueError) as error:
        raise _fault(f"has no {error}" if isinstance(error, KeyError) else "is not made like that") from error
    if jobs or kind != "worker":
        others = ", ".join(sorted(jobs)) or kind
        raise _fault(
            f"names the task type {others}; every process is a worker, and worker {CHIEF} is the chief"
        )
    if not isinstance(workers, list) or not workers:
        raise _fault("lists no workers")
    for address in workers:
        found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if found is None or not 0 < int(found["port"]) <= _LARGEST_PORT:
            raise _fault(f"lists the worker {address!r}, expected HOST:PORT")
    if twice := sorted({address for address in workers if workers.count(address) > 1}):
        raise _fault(f"lists {', '.join(twice)} more than once")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(workers):
        raise _fault(f"says that this is worker {index!r}, expected 0 to {len(workers) - 1}")
    return Cluster(tuple(workers), index)


def _fault(what: str) -> UserError:
    return UserError(f"TF_CONFIG {what}; expected JSON such as {_EXAMPLE} (docs/DISTRIBUTED.md)")
