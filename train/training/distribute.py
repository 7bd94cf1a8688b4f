"""Training on several devices or computers at once: tf.distribute, as ``Trainer`` needs it.

Every replica draws the same batch and works on its own rows of it, so that a step shows the network
the same clips however many replicas there are (docs/adr/0016-distribution.md).
"""

import contextlib
import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from train.core import runfolder
from train.core.console import log, warn
from train.core.errors import UserError, typed
from train.training.cluster import CHIEF, MIRRORED, MULTI_WORKER, Cluster, Distribution

_MEET_TIMEOUT_S = 600  # until all workers have to be there
_MEET_NOTE_S = 15
_MEET_PAUSE_S = 0.5
_PROBE_TIMEOUT_S = 1.0
_CPU_REPLICAS = 2  # where there is no GPU to mirror on

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnknownError,
)
_TASK = re.compile(r"/job:worker/(?:replica:\d+/)?task:(\d+)")


class WorkerLost(UserError):
    """Another worker is gone; the message says which one and how to go on."""

    exit_code = 3


class Replicas:
    """The replicas that train one network; without arguments, this process alone."""

    def __init__(
        self, strategy: tf.distribute.Strategy | None = None, cluster: Cluster | None = None
    ) -> None:
        self._strategy = strategy or tf.distribute.get_strategy()
        self._cluster = cluster
        self.count: int = self._strategy.num_replicas_in_sync
        self.is_chief = cluster is None or cluster.is_chief
        self.scope = self._strategy.scope
        self._gather = tf.function(self._gather_in_each, reduce_retracing=True)

    @property
    def is_alone(self) -> bool:
        return self.count == 1

    @property
    def flag(self) -> str:
        """The flags that a command must repeat to go on with the training."""
        if self._cluster is not None:
            return f" --distribute {MULTI_WORKER}"
        return "" if self.is_alone else f" --distribute {MIRRORED}"

    def check_batch(self, batch_size: int) -> None:
        """Refuse a batch that replicas cannot share evenly.

        Raises:
            UserError: it is not a multiple of their number.
        """
        if over := batch_size % self.count:
            fitting = [size for size in (batch_size - over, batch_size - over + self.count) if size]
            raise UserError(
                f"--batch-size is {batch_size}, which {self.count} replicas cannot share evenly; expected a "
                f"multiple of {self.count}, such as {' or '.join(map(str, fitting))}"
            )

    def check_same(self, settings: Mapping[str, object]) -> None:
        """Make sure that all workers are about to do the same.

        Raises:
            UserError: some have other settings than the chief, on every worker.
        """
        if self._cluster is None:
            return
        each = [json.loads(text) for text in self._texts(json.dumps(settings))]
        for index, found in enumerate(each):
            expected = each[CHIEF]
            differ = [name for name in expected | found if found.get(name) != expected.get(name)]
            if differ:
                told = ", ".join(f"{name} {found.get(name)}, not {expected.get(name)}" for name in differ)
                raise UserError(
                    f"{self._cluster.name(index)} was started with other settings than worker {CHIEF}: "
                    f"{told}; start all workers with the same command"
                )

    def mean_of(self, function: Callable[..., tuple[tf.Tensor, ...]], *arguments: tf.Tensor) -> Any:
        """Call a function on every replica; return the mean of its scalars. Use it within a tf.function."""
        if self.is_alone:
            return function(*arguments)

        def averaged(*arguments: tf.Tensor) -> Any:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, list(function(*arguments)))

        return [self._local(mean) for mean in self._strategy.run(averaged, arguments)]

    def shares(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Scale gradients to this replica's share of the whole batch; Keras sums those of all replicas."""
        return gradients if self.is_alone else [gradient / self.count for gradient in gradients]

    def settle(self, variables: list[Any]) -> None:
        """Give every replica the mean of what each kept in these variables; within a tf.function."""
        if self.is_alone or not variables:
            return

        def assign_means() -> None:
            context = tf.distribute.get_replica_context()
            values = list(map(tf.convert_to_tensor, variables))
            means = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
            for variable, mean in zip(variables, means, strict=True):
                variable.assign(mean)

        self._strategy.run(assign_means)

    def begin(self, variables: list[Any], seeds: list[Any], step: int) -> int:
        """Give every replica the chief's variables and own seeds of dropout; the chief's step."""
        if self.is_alone:
            return step

        def take_over(step: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
            values = [*map(tf.convert_to_tensor, variables), step]
            own = [value * tf.cast(replica == 0, value.dtype) for value in values]
            # One by one: a list of several types cannot be reduced at once.
            *firsts, step = [context.all_reduce(tf.distribute.ReduceOp.SUM, value) for value in own]
            for variable, first in zip(variables, firsts, strict=True):
                # The chief's own seed is saved in checkpoints: the first replica keeps it as it is.
                is_seed = any(variable is seed for seed in seeds)
                variable.assign(first + tf.cast(replica, first.dtype) if is_seed else first)
            return step

        steps = tf.function(lambda step: self._strategy.run(take_over, (step,)))(tf.constant(step, tf.int64))
        return int(self._local(steps))

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any worker; all of them have to ask."""
        if self._cluster is None:
            return flag
        return bool(sum(self._gathered([int(flag)])))

    def leave(self) -> None:
        """Wait for all workers to be done, so that none ends while others still need its answers."""
        with contextlib.suppress(*_LOST):
            self.any(False)

    @contextlib.contextmanager
    def watched(self, run: Path | None = None) -> Iterator[None]:
        """Turn TensorFlow's error about a lost worker into advice; ``run`` may hold a checkpoint.

        Raises:
            WorkerLost: instead of TensorFlow's error.
        """
        try:
            yield
        except _LOST as error:
            cause = str(error)
            if self._cluster is None or not (_TASK.search(cause) or "ollective" in cause):
                raise
            raise WorkerLost(
                f"{_lost(self._cluster, cause)} ended or cannot be reached any more, and the others cannot "
                f"go on without it; its own log says why. {self._after_a_loss(run)}"
            ) from None

    def _after_a_loss(self, run: Path | None) -> str:
        if run is None:
            return "Start all workers again"
        if not self.is_chief:
            return (
                f"Worker {CHIEF} keeps the last checkpoint: start all workers again, that one with --resume"
            )
        if not (run / runfolder.CHECKPOINTS / runfolder.LAST).is_file():
            return "There was no checkpoint yet: start all workers again, with --overwrite"
        again = f"earshot train --resume {typed(run)}{self.flag}"
        return f"The last checkpoint is kept: start all workers again, with: {again}"

    def _local(self, value: Any) -> Any:
        return self._strategy.experimental_local_results(value)[0]

    def _texts(self, text: str) -> list[str]:
        """Collect a text from each worker, in their order."""
        encoded = list(text.encode())
        lengths = self._gathered([len(encoded)])
        every = iter(self._gathered(encoded))
        texts = [bytes(next(every) for _ in range(length)).decode() for length in lengths]
        assert self._cluster is not None
        return texts[:: len(lengths) // len(self._cluster.workers)]

    def _gathered(self, numbers: list[int]) -> list[int]:
        """Collect the numbers of each replica, one after the other."""
        return [int(number) for number in self._local(self._gather(tf.constant(numbers, tf.int32)))]

    def _gather_in_each(self, numbers: tf.Tensor) -> Any:
        def gather(own: tf.Tensor) -> tf.Tensor:
            # The identity lies on the replica's device, which the argument itself does not.
            return tf.distribute.get_replica_context().all_gather(tf.identity(own), axis=0)

        return self._strategy.run(gather, (numbers,))


def own_rows(rows: tf.Tensor) -> tf.Tensor:
    """The entries of a batch, (clips,), that this replica works on; all of them, if it is alone."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return rows
    return tf.reshape(rows, [context.num_replicas_in_sync, -1])[context.replica_id_in_sync_group]


def own_seed(seed: tf.Tensor) -> tf.Tensor:
    """A seed that no other replica has; the seed itself, if this one is alone."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return seed
    return tf.random.experimental.stateless_fold_in(seed, context.replica_id_in_sync_group)


def connect(distribution: Distribution) -> Replicas:
    """Connect the replicas that a distribution asks for; to be called before TensorFlow computes anything.

    Raises:
        UserError: a port that is taken.
        WorkerLost: the other workers do not come.
    """
    if distribution.cluster is not None:
        return _multi_worker(distribution.cluster)
    if distribution.kind != MIRRORED:
        return Replicas()
    if tf.config.list_physical_devices("GPU"):
        return Replicas(tf.distribute.MirroredStrategy())
    warn(f"no GPU here: the processor stands for {_CPU_REPLICAS} devices, slower than without --distribute")
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * _CPU_REPLICAS)
    return Replicas(tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(_CPU_REPLICAS)]))


def _multi_worker(cluster: Cluster) -> Replicas:
    log(f"this is {cluster.name(cluster.index)} of {len(cluster.workers)}")
    _meet(cluster)
    with _deadly_interrupt():
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    log(f"all {len(cluster.workers)} workers are here")
    return Replicas(strategy, cluster)


def _meet(cluster: Cluster) -> None:
    """Wait until something answers at the address of every worker.

    TensorFlow waits, too, but it says nothing, never gives up, and does not hear Ctrl-C.
    """
    port = int(cluster.workers[cluster.index].rpartition(":")[2])
    try:
        listener = socket.create_server(("", port), backlog=max(128, len(cluster.workers)))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise UserError(
            f"{cluster.name(cluster.index)}: port {port} cannot be used here ({why}); is this worker running "
            "already? Otherwise name another port in TF_CONFIG of all workers"
        ) from error
    with listener:
        started = noted = time.monotonic()
        while absent := _absent(cluster):
            now = time.monotonic()
            if now - started >= _MEET_TIMEOUT_S:
                raise WorkerLost(
                    f"{_listed(cluster, absent)} did not come within {_MEET_TIMEOUT_S} s; start every worker "
                    "with the same command and its own index in TF_CONFIG, and open its port in the firewall"
                )
            if now - noted >= _MEET_NOTE_S:
                log(f"waiting for {_listed(cluster, absent)}; Ctrl-C ends it")
                noted = now
            time.sleep(_MEET_PAUSE_S)


@contextlib.contextmanager
def _deadly_interrupt() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the process at once in the block, where Python itself would not notice."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in previous.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _absent(cluster: Cluster) -> list[int]:
    """Find the other workers at whose address nobody answers."""
    absent = []
    for index, address in enumerate(cluster.workers):
        host, _, port = address.rpartition(":")
        try:
            if index != cluster.index:
                socket.create_connection((host.strip("[]"), int(port)), _PROBE_TIMEOUT_S).close()
        except OSError:
            absent.append(index)
    return absent


def _listed(cluster: Cluster, indices: list[int]) -> str:
    return ", ".join(cluster.name(index) for index in indices) or "another worker"


def _lost(cluster: Cluster, cause: str) -> str:
    """Name the workers that are gone: where nobody answers, or else those that TensorFlow names."""
    named = {int(index) for index in _TASK.findall(cause)} - {cluster.index}
    return _listed(cluster, _absent(cluster) or sorted(named))
