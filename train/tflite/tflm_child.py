"""The process in which TFLite-Micro runs; tflm_host starts it, by its path.

TFLite-Micro's interpreter is C++ made for files that are known to be good. With others it may end its
process; here that is this one, and tflm_host tells of it. With nothing but the interpreter's package to
import it starts in a third of a second.

It reads requests from its standard input and answers each on its standard output. A request or an answer is a
line of JSON and, one behind the other, the arrays of bytes whose lengths the line's "sizes" lists. Neither is
a pickle: what a damaged process answers must not become code in the process that asked.
"""

import contextlib
import functools
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_LARGE_ARENA_BYTES = 64 << 20  # more than any model of this size needs
_MOST_TEMPORARY_BYTES = 1 << 20
_ARENA_STEP_BYTES = 16  # the interpreter aligns to 16
_MOST_MESSAGES_BYTES = 16 << 20
_TRIAL_TIMEOUT_S = 60
_PROBES = 3  # inputs whose outputs must be the same in the smallest arena
_interpreters: dict[int, Any] = {}
_models: dict[int, bytes] = {}  # the interpreter points into these bytes for as long as it lives


class Refusal(Exception):
    """The interpreter says no, without a crash."""


def load(key: int, tflite: bytes, counts: tuple[int, int], arena_bytes: int | None) -> dict[str, Any]:
    """Load a model under a key: into an arena of that size, or into the smallest one that does.

    Args:
        counts: of its inputs and outputs.
    Returns:
        arena_bytes, and shape, dtype, scales and zero points of each input and output.
    """
    interpreter = _interpreter(tflite, arena_bytes or _LARGE_ARENA_BYTES)
    inputs = [_end(interpreter.get_input_details(index)) for index in range(counts[0])]
    outputs = [_end(interpreter.get_output_details(index)) for index in range(counts[1])]
    if arena_bytes is None:
        probes = [[_probe(end, seed) for end in inputs] for seed in range(_PROBES)]
        expected = _outputs(interpreter, probes, counts[1])

        def does(arena_bytes: int) -> bool:
            return _outputs(_interpreter(tflite, arena_bytes), probes, counts[1]) == expected

        arena_bytes = _smallest(_recorded_bytes(interpreter), does)
        interpreter = _interpreter(tflite, arena_bytes)
    _models[key], _interpreters[key] = tflite, interpreter
    return {"arena_bytes": arena_bytes, "inputs": inputs, "outputs": outputs}


def run(key: int, arrays: Sequence[bytes], ends: dict[str, Any], count: int) -> list[bytes]:
    """Outputs for each of ``count`` inputs; of each end one array."""
    inputs = [
        np.frombuffer(data, end["dtype"]).reshape(count, *end["shape"])
        for data, end in zip(arrays, ends["inputs"], strict=True)
    ]
    outputs = [np.empty((count, *end["shape"]), end["dtype"]) for end in ends["outputs"]]
    interpreter = _interpreters[key]
    for item in range(count):
        for index, array in enumerate(inputs):
            interpreter.set_input(array[item], index)
        interpreter.invoke()
        for index, array in enumerate(outputs):
            array[item] = interpreter.get_output(index)
    return [array.tobytes() for array in outputs]


def _interpreter(tflite: bytes, arena_bytes: int) -> Any:
    from tflite_micro.python.tflite_micro import runtime  # here, so that tflm_host may import this module

    return runtime.Interpreter.from_bytes(tflite, arena_size=arena_bytes)


def _end(details: dict[str, Any]) -> dict[str, Any]:
    quantization = details["quantization_parameters"]
    return {
        "shape": [int(size) for size in details["shape"]],
        "dtype": np.dtype(details["dtype"]).str,
        "scales": [float(scale) for scale in quantization["scales"]],
        "zero_points": [int(point) for point in quantization["zero_points"]],
    }


def _probe(end: dict[str, Any], seed: int) -> NDArray[Any]:
    """Noise of 8 bits or floats; of wider integers, which may be places in a table, zeros."""
    rng, shape, dtype = np.random.default_rng(seed), end["shape"], np.dtype(end["dtype"])
    if dtype.kind == "f":
        floats: NDArray[Any] = rng.normal(0, 1, shape).astype(dtype)
        return floats
    if dtype in (np.int8, np.uint8):
        steps: NDArray[Any] = rng.integers(0, 256, shape, dtype=np.uint8).view(dtype)
        return steps
    return np.zeros(shape, dtype)


def _outputs(interpreter: Any, inputs: list[list[NDArray[Any]]], count: int) -> list[bytes]:
    outputs = []
    for arrays in inputs:
        for index, array in enumerate(arrays):
            interpreter.set_input(array, index)
        interpreter.invoke()
        outputs += [interpreter.get_output(index).tobytes() for index in range(count)]
    return outputs


def _recorded_bytes(recorder: Any) -> int:
    """What the recording interpreter used of its arena. The temporary memory of loading is not in it."""
    before = os.fstat(2).st_size
    recorder.print_allocations()
    said = os.pread(2, os.fstat(2).st_size - before, before).decode("utf-8", "replace")
    (total_bytes,) = re.findall(r"Arena allocation total (\d+) bytes", said)
    return int(total_bytes)


def _smallest(used_bytes: int, does: Callable[[int], bool]) -> int:
    """The smallest arena that does: what the large one used, or more.

    The temporary memory of loading matters where inference needs less.
    """
    step, least = 0, -(-used_bytes // _ARENA_STEP_BYTES) * _ARENA_STEP_BYTES
    too_small, enough = least - _ARENA_STEP_BYTES, least
    while not _survives(functools.partial(does, enough)):
        if step >= _MOST_TEMPORARY_BYTES:
            raise Refusal(f"no arena of {least} to {enough} bytes does")
        step = max(2 * step, _ARENA_STEP_BYTES)
        too_small, enough = enough, least + step
    while enough - too_small > _ARENA_STEP_BYTES:
        middle = (enough + too_small) // 2 // _ARENA_STEP_BYTES * _ARENA_STEP_BYTES
        if _survives(functools.partial(does, middle)):
            enough = middle
        else:
            too_small = middle
    return enough


def _survives(trial: Callable[[], bool]) -> bool:
    """Whether a trial is true, made in a copy of this process: in an arena too small it may crash."""
    if not hasattr(os, "fork"):  # on Windows; then this process may crash, which is told
        return trial()
    child = os.fork()
    if child == 0:
        _alarm(_TRIAL_TIMEOUT_S)  # that of this process is not inherited
        status = 1
        with contextlib.suppress(BaseException):
            status = 0 if trial() else 1
        os._exit(status)
    _, status = os.waitpid(child, 0)
    return status == 0


def _answer(request: dict[str, Any], arrays: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    for key in request.get("forget", ()):
        _interpreters.pop(key, None)
        _models.pop(key, None)
    _alarm(request["timeout_s"])
    try:
        if request["do"] == "load":
            counts = (request["inputs"], request["outputs"])
            return load(request["key"], arrays[0], counts, request["arena_bytes"]), []
        if request["do"] == "reset":
            _interpreters[request["key"]].reset()
            return {}, []
        return {}, run(request["key"], arrays, request["ends"], request["count"])
    except (RuntimeError, ValueError, IndexError, Refusal) as error:
        return {"refusal": str(error) or type(error).__name__}, []
    finally:
        _alarm(0)


def _alarm(timeout_s: int) -> None:
    """A time-out that holds inside of C++ as well, and when the parent is gone."""
    if hasattr(signal, "alarm"):  # not on Windows
        signal.alarm(timeout_s)


def read(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next request or answer; none at the end of the stream."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    arrays = [stream.read(size) for size in head["sizes"]]
    return (head, arrays) if [len(array) for array in arrays] == head["sizes"] else None


def write(stream: IO[bytes], head: dict[str, Any], arrays: Sequence[bytes]) -> None:
    """Send a request or an answer."""
    stream.write(json.dumps({**head, "sizes": [len(array) for array in arrays]}).encode() + b"\n")
    for array in arrays:
        stream.write(array)
    stream.flush()


def main() -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_MESSAGES_BYTES, _MOST_MESSAGES_BYTES))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what C++ prints is no answer
    while (message := read(sys.stdin.buffer)) is not None:
        write(answers, *_answer(*message))


if __name__ == "__main__":
    main()
