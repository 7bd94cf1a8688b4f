"""Which tensors of a graph are fed and wanted: the challenge's names, or those that flags give."""

import numpy as np

from .graphdef import DTYPES, GraphError, split_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import Any

    from .graphdef import Node

    Array = np.ndarray[Any, Any]

AUDIO_INPUT, RATE_INPUT, OUTPUT = "decoded_sample_data:0", "decoded_sample_data:1", "labels_softmax:0"
FEATURES_INPUT = "fingerprint_input:0"  # where a graph begins whose front end TensorFlow 1.4 has no op for
INPUT_SHAPE = (16000, 1)  # of the challenge: a second at 16 kHz
RATE_HZ = 16000
_PLACEHOLDERS = ("Placeholder", "PlaceholderWithDefault")
_SHOWN = 6  # names in one message


class Ends(object):
    """The tensors; ``rate`` is "" where the graph takes no rate."""

    def __init__(self, audio=AUDIO_INPUT, rate=RATE_INPUT, output=OUTPUT):
        # type: (str, str, str) -> None
        self.audio = audio
        self.rate = rate
        self.output = output

    @property
    def feeds(self):
        # type: () -> list[str]
        return [_tensor(name) for name in (self.audio, self.rate) if name]

    @property
    def fetches(self):
        # type: () -> list[str]
        return [_tensor(self.output)]

    @property
    def arguments(self):
        # type: () -> list[str]
        """The flags of ``add_end_flags`` that say so."""
        given = (
            ("--input", self.audio, AUDIO_INPUT),
            ("--rate-input", self.rate, RATE_INPUT),
            ("--output", self.output, OUTPUT),
        )
        return ["%s=%s" % (flag, name) for flag, name, usual in given if name not in ("", usual)]

    def inputs(self, audio):
        # type: (Array) -> list[Array]
        """What is fed, for audio in the shape of ``input_shape``."""
        return [audio, np.array(RATE_HZ, np.int32)] if self.rate else [audio]

    def check(self, nodes):
        # type: (Iterable[Node]) -> None
        """Make sure that the graph has them, and takes nothing else.

        Raises:
            GraphError: which names there are, and which flags say them.
        """
        by_name = {node.name: node for node in nodes}
        for flag, name in (("--input", self.audio), ("--rate-input", self.rate), ("--output", self.output)):
            if name and split_reference(name)[0] not in by_name:
                there = (_listed(_inputs(by_name)), _listed(_last(by_name)))
                raise GraphError(
                    "the graph of %d nodes has no %s; its inputs are %s, its last nodes %s: say which "
                    "with %s (and %s)" % ((len(by_name), name) + there + (flag, _others(flag)))
                )
        missing = [name for name in self._needed_inputs(by_name) if name not in self._fed()]
        if missing:
            raise GraphError(
                "input %s is not given; it is needed for %s: say with --input NAME what takes the audio, and "
                "with --rate-input NAME what takes the rate, if anything does; the graph has the inputs %s"
                % (", ".join(missing), self.output, _listed(_inputs(by_name)))
            )

    def _fed(self):
        # type: () -> list[str]
        return [split_reference(name)[0] for name in self.feeds]

    def _needed_inputs(self, by_name):
        # type: (dict[str, Node]) -> list[str]
        seen, waiting, found = set(), [split_reference(self.output)[0]], []  # type: set[str], list[str], list[str]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in by_name:
                continue
            seen.add(name)
            if name in self._fed():
                continue
            if by_name[name].op == "Placeholder":
                found.append(name)
            waiting.extend(given for given, _ in by_name[name].inputs)
        return found

    def input_shape(self, nodes):
        # type: (Iterable[Node]) -> tuple[int, ...]
        """The shape that is fed: the challenge's, or that of the placeholder, sizes that are open being 1.

        Raises:
            GraphError: it is not told, or not of floats.
        """
        node = {one.name: one for one in nodes}[split_reference(self.audio)[0]]
        if node.op not in _PLACEHOLDERS:
            return INPUT_SHAPE
        kind = DTYPES.get(node.attributes.get("dtype", 1))
        if kind is not np.float32:
            name = "type %d" % node.attributes["dtype"] if kind is None else np.dtype(kind).name
            raise GraphError(
                "input %s takes %s, expected float32: name with --input what takes samples, such as the "
                "output of DecodeWav" % (node.name, name)
            )
        shape = node.attributes.get("shape")
        if shape is None:
            return INPUT_SHAPE
        if not shape or shape == (-1,) or shape == (-1, 1):
            return INPUT_SHAPE[: len(shape)]
        if shape == (-1, -1):
            return (1, INPUT_SHAPE[0])
        return tuple(max(size, 1) for size in shape)


def add_end_flags(parser):
    # type: (argparse._ActionsContainer) -> None
    """The flags for graphs with names of their own."""
    parser.add_argument(
        "--input", metavar="NAME", help="tensor that takes the audio or features (%s)" % AUDIO_INPUT
    )
    parser.add_argument(
        "--rate-input",
        metavar="NAME",
        help="tensor that takes the sample rate (%s; with --input: none)" % RATE_INPUT,
    )
    parser.add_argument("--output", metavar="NAME", help="tensor of the scores (%s)" % OUTPUT)


def ends_of(flags):
    # type: (argparse.Namespace) -> Ends
    """What the flags of ``add_end_flags`` say."""
    rate = flags.rate_input or ("" if flags.input else RATE_INPUT)
    return Ends(flags.input or AUDIO_INPUT, rate, flags.output or OUTPUT)


def _tensor(name):
    # type: (str) -> str
    return name if ":" in name else name + ":0"


def _inputs(by_name):
    # type: (dict[str, Node]) -> list[str]
    """Those that another node takes."""
    found, taken = [], {name for node in by_name.values() for name, _ in node.inputs}
    for node in by_name.values():
        if node.op in _PLACEHOLDERS and node.name in taken:
            shape = node.attributes.get("shape")
            kind = DTYPES.get(node.attributes.get("dtype", 1))
            name = "no numbers" if kind is None else np.dtype(kind).name
            found.append("%s (%s%s)" % (node.name, name, "" if shape is None else " %s" % list(shape)))
        elif node.op == "DecodeWav":
            found.append("%s:0 and :1 (DecodeWav)" % node.name)
    return found


def _last(by_name):
    # type: (dict[str, Node]) -> list[str]
    """Nodes that no other takes."""
    taken = {name for node in by_name.values() for name, _ in node.inputs + node.controls}
    return [
        "%s (%s)" % (node.name, node.op)
        for node in by_name.values()
        if node.name not in taken and node.inputs
    ]


def _listed(names):
    # type: (list[str]) -> str
    shown = sorted(names)[:_SHOWN]
    more = ["and %d more" % (len(names) - _SHOWN)] if len(names) > _SHOWN else []
    return ", ".join(shown + more) or "none"


def _others(flag):
    # type: (str) -> str
    return ", ".join(one for one in ("--input", "--rate-input", "--output") if one != flag)
