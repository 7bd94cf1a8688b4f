"""Scores the WAV files of a folder one by one with a frozen graph: lines of JSON on stdout.

``python3 earshot_submission.pyz model.pb FOLDER``; ``hil.pi.submission`` makes that file, starts it and reads
it. The first line is what there is to do, or why it cannot be done; then comes a line for each file, in the
order of their names. A name is bytes, whatever the system's encoding: as text, a character stands for a byte.
"""

import argparse
import json
import os
import sys

import numpy as np

from train.challenge.submission_rules import digest_of, list_clips, variants

from . import machine
from .ends import INPUT_SHAPE, RATE_HZ, ends_of
from .graphdef import GraphError, parse_graph
from .timer import (
    add_engine_flags,
    end_with_stdin,
    load_engine,
    read_graph,
    refuse_graph,
)
from .wav import WavError, read_wav, to_float

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .ends import Ends
    from .timer import GraphEngine

    Array = np.ndarray[Any, Any]

_RATE = np.array(RATE_HZ, np.int32)


class _AudioEngine(object):
    """A graph of any names that takes a second of audio, run like one of the challenge's."""

    def __init__(self, engine, ends, shape):
        # type: (GraphEngine, Ends, tuple[int, ...]) -> None
        self.name = engine.name
        self._engine = engine
        self._ends = ends
        self._shape = shape

    def run(self, inputs):
        # type: (list[Array]) -> list[Array]
        return self._engine.run(self._ends.inputs(inputs[0].reshape(self._shape)))


def main():
    # type: () -> None
    """Run the command on ``sys.argv``."""
    parser = argparse.ArgumentParser(prog="earshot_submission", description=__doc__)
    add_engine_flags(parser)
    parser.add_argument("folder", help="of WAV files; relative to the home folder")
    parser.add_argument("--tta", action="store_true", help="mean over the clip, shifted, and amplified")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="files that were scored before")
    flags = parser.parse_args()
    if flags.watch_stdin:
        end_with_stdin()
    folder = os.path.realpath(os.path.join(os.path.expanduser("~"), os.path.expanduser(flags.folder)))
    try:
        names = list_clips(_as_bytes(folder))
    except OSError as error:
        _say({"refused": "cannot be read (%s)" % error.strerror})
        return
    if not names:
        _say({"refused": "there is no .wav file in it"})
        return
    try:
        engine = _load(flags)
        silence = score(engine, np.zeros(INPUT_SHAPE[0], np.float32), flags.tta)
    except GraphError as error:
        refuse_graph(flags.graph, error)
    _say(
        {
            "folder": _as_text(_as_bytes(folder)),
            "files": len(names),
            "names_sha256": digest_of(names),
            "engine": engine.name,
            "scores": len(silence),
            "machine": machine.describe_machine(),
        }
    )
    for name in names[flags.skip :]:
        _say(dict(judge(engine, os.path.join(_as_bytes(folder), name), flags.tta), name=_as_text(name)))


def _load(flags):
    # type: (argparse.Namespace) -> _AudioEngine
    """What runs the graph.

    Raises:
        GraphError: it cannot be run, or does not take a second of audio.
    """
    content, ends = read_graph(flags.graph), ends_of(flags)
    nodes = parse_graph(content)
    ends.check(nodes)
    shape = ends.input_shape(nodes)
    if np.prod(shape) != INPUT_SHAPE[0]:
        raise GraphError(
            "input %s takes %s, expected %d samples; --submission scores audio, no features"
            % (ends.audio, list(shape), INPUT_SHAPE[0])
        )
    engine, _ = load_engine(content, flags, _log)
    return _AudioEngine(engine, ends, shape)


def judge(engine, path, with_tta):
    # type: (_AudioEngine, bytes, bool) -> dict[str, Any]
    """Of a file ``best``, the number of its best score, and ``is_cut``; or ``fault`` and ``is_empty``."""
    try:
        samples = read_wav(path, RATE_HZ)
    except WavError as error:
        return {"fault": str(error), "is_empty": error.is_empty}
    length = INPUT_SHAPE[0]
    scores = score(engine, to_float(samples, length), with_tta)
    if not np.isfinite(scores).all():
        return {"fault": "the graph's scores of it are not numbers", "is_empty": False}
    return {"best": int(np.argmax(scores)), "is_cut": len(samples) > length}


def score(engine, audio, with_tta):
    # type: (_AudioEngine, Array, bool) -> Array
    """Scores of a clip of (samples,) float32, or the mean of those of its variants."""
    runs = [engine.run([variant.reshape(INPUT_SHAPE), _RATE])[0] for variant in variants(audio, with_tta)]
    mean = np.mean([np.ravel(scores) for scores in runs], axis=0)  # type: Array
    return mean


def _as_bytes(name):
    # type: (str | bytes) -> bytes
    return name if isinstance(name, bytes) else os.fsencode(name)  # a str of Python 2.7 is bytes


def _as_text(name):
    # type: (bytes) -> str
    return name.decode("latin-1")


def _say(content):
    # type: (dict[str, Any]) -> None
    sys.stdout.write(json.dumps(content, sort_keys=True) + "\n")
    sys.stdout.flush()


def _log(message):
    # type: (str) -> None
    sys.stderr.write("I hil/pi/remote/submission.py: %s\n" % message)
    sys.stderr.flush()
