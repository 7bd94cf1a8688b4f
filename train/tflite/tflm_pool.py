"""Many inferences of TFLite-Micro, on every core: the interpreter holds Python's lock, so in processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from train.core.console import progress
from train.core.errors import processes_for
from train.core.processes.children import end_with_parent
from train.core.terminal import interrupts
from train.tflite.tflm import TflmModel

# (clips, frames, bins) int8 features to (clips, labels) int8 scores: ``run_model`` of a model, or its equal.
Scorer = Callable[[NDArray[np.int8]], NDArray[np.int8]]

_BLOCK_CLIPS = 200
_CLIPS_WORTH_PROCESSES = 5000  # a process takes about a second to start

_model: TflmModel  # of a worker


def run_model(model: TflmModel, features: NDArray[np.int8]) -> NDArray[np.int8]:
    """(clips, labels) int8 scores of (clips, frames, bins) int8 features, with a progress bar."""
    blocks = [features[start : start + _BLOCK_CLIPS] for start in range(0, len(features), _BLOCK_CLIPS)]
    processes = os.cpu_count() or 1
    is_parallel = processes > 1 and len(features) >= _CLIPS_WORTH_PROCESSES
    results = _in_processes(model, blocks, processes) if is_parallel else map(model.run, blocks)
    scores = []
    with progress("scoring model.tflite", len(features)) as advance:
        for block in results:
            scores.append(block)
            advance(len(block))
    return np.concatenate(scores)


def _in_processes(
    model: TflmModel, blocks: list[NDArray[np.int8]], processes: int
) -> Iterator[NDArray[np.int8]]:
    # Not forked: threads that draw the progress bar would be cut off in the middle.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_start_worker, initargs=(model,))
    with processes_for("scoring clips", pool):
        with interrupts.kept_from_children():
            results = pool.map(_run_block, blocks)
        yield from results


def _start_worker(model: TflmModel) -> None:
    global _model
    end_with_parent()
    _model = model


def _run_block(block: NDArray[np.int8]) -> NDArray[np.int8]:
    return _model.run(block)
