"""``c/manifest.json``: what the generated C beside it was made of.

codegen writes it, after all other files. hil and CMake (firmware/cmake/model.cmake) read it, never the C.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.typed_json import MOST_BYTES, Mismatch, decode, encode, parse

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
_VERSION_KEY = "format_version"
COMPILED, TFLM = ENGINES = ("compiled", "tflm")  # what can run the model

_SHA256 = re.compile(r"[0-9a-f]{64}")


def whole_words(byte_count: int) -> int:
    """Bytes of a kws_model or a kws_stream that needs so many: they are 64-bit numbers."""
    return -(-byte_count // 8) * 8


@dataclass(frozen=True)
class End:
    """An input or output of the model, without the batch of one.

    Attributes:
        scale, zero_point: of the int8 that the compiled engine takes or gives, or else of what the file has
            there: real = (int8 - zero_point) * scale. None where nothing is quantized.
        name: of the end in C; it is in the names of functions where there are several.
        type: in the file.
    """

    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None
    name: str = ""
    type: str = "int8"


@dataclass(frozen=True)
class PointName:
    """Which operating point is compiled in, and the hash of its settings."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Layer:
    """An operator as the compiled engine runs it. What is folded away while C is generated has none.

    Attributes:
        index, name: of the operator in the file; another name where it was made into another operator.
        output: shape of what it puts out, without the batch of one.
        macs: products that it sums, those on padding included.
        kernel: what computes it, and why that, in words; "" for nothing to compute.
        kernels: files of firmware/kernels that it calls, without .c.
        tiles: functions in engine.c that were made for its shapes.
        constant_bytes: weights, biases, scales and tables that it reads.
    """

    index: int
    name: str
    output: tuple[int, ...]
    macs: int
    kernel: str
    kernels: tuple[str, ...]
    tiles: tuple[str, ...]
    constant_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What is in a folder of generated C.

    Attributes:
        model_sha256, model_bytes: of the .tflite.
        weight_bytes: constants in it.
        front_end_sha256, sample_rate_hz, operating_point: None for a model alone, without a run folder.
        labels: in the order of the outputs; none for a model alone.
        listener_bytes: of a kws_stream beside its kws_model; None for a model alone.
        inputs, outputs: in the order of the file.
        arena_bytes: of each of ENGINES that runs the model.
        refusals: why the others of ENGINES do not.
        operators: by the schema's names, in the order they run.
        kernels: files of firmware/kernels that the compiled engine calls, without .c.
        files: SHA-256 of each generated file.
        layers: of the compiled engine, in the order they run; none in C of before.
    """

    earshot_version: str
    model_sha256: str
    model_bytes: int
    weight_bytes: int
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    arena_bytes: Mapping[str, int]
    operators: tuple[str, ...]
    kernels: tuple[str, ...]
    files: Mapping[str, str]
    front_end_sha256: str | None = None
    sample_rate_hz: int | None = None
    labels: tuple[str, ...] = ()
    listener_bytes: int | None = None
    operating_point: PointName | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        hashes = [self.model_sha256, *self.files.values()]
        hashes += [self.front_end_sha256] if self.front_end_sha256 is not None else []
        hashes += [self.operating_point.sha256] if self.operating_point is not None else []
        for value in hashes:
            if not _SHA256.fullmatch(value):
                raise UserError(f"{value!r} is no SHA-256")
        for name in self.files:
            if Path(name).name != name:
                raise UserError(f"{name!r} is not beside the manifest")
        if not self.arena_bytes or tuple(it for it in ENGINES if it in self.arena_bytes) != tuple(
            self.arena_bytes
        ):
            raise UserError(
                f"arena_bytes has {', '.join(self.arena_bytes)}, expected some of {', '.join(ENGINES)}"
            )
        for number in (self.model_bytes, self.weight_bytes, *self.arena_bytes.values()):
            if number < 0:
                raise UserError(f"{number} is no number of bytes")

    @property
    def input(self) -> End:
        """The one input of a model that has one."""
        (end,) = self.inputs
        return end

    @property
    def output(self) -> End:
        """The one output of a model that has one."""
        (end,) = self.outputs
        return end

    @property
    def stream_bytes(self) -> int | None:
        """Of a kws_stream of the compiled engine; None where there is no library to listen with."""
        if self.listener_bytes is None:
            return None
        return whole_words(self.arena_bytes[COMPILED]) + self.listener_bytes

    def check_engine(self, engine: str, where: str) -> None:
        """Make sure that an engine runs the model.

        Raises:
            UserError: it does not, with the reason.
        """
        if engine not in self.arena_bytes:
            others = ", ".join(self.arena_bytes)
            raise UserError(
                f"{where}: engine {engine} does not run this model: {self.refusals.get(engine, 'not made')}; "
                f"it was made for: {others}"
            )

    def to_json(self) -> str:
        """manifest.json, byte for byte the same for the same content."""
        return json.dumps({_VERSION_KEY: FORMAT_VERSION, **encode(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str, remedy: str) -> "Manifest":
        """What ``to_json`` wrote.

        Args:
            where: name used in messages.
            remedy: what to do, used in messages.
        Raises:
            UserError: not JSON, of another version, or with fields missing, unknown or senseless.
        """
        try:
            content = parse(text, where)
            version = content.pop(_VERSION_KEY, None) if isinstance(content, dict) else None
            if version != FORMAT_VERSION:
                raise Mismatch(f"{where}: {_VERSION_KEY} is {version!r:.60}, expected {FORMAT_VERSION}")
            for end in ("input", "output"):  # as it was written when a model had one of each
                if end in content:
                    content[f"{end}s"] = [content.pop(end)]
            return decode(cls, content, where, allow_unknown=False)
        except Mismatch as error:
            raise UserError(f"{error}; {remedy}") from error


def read_manifest(folder: Path, remedy: str) -> Manifest:
    """The manifest of a folder of generated C.

    Args:
        remedy: what to do, used in messages.
    Raises:
        UserError: there is none, or it is not as codegen writes it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(f"{folder}: has no {MANIFEST}; {remedy}")
    return Manifest.from_json(read_plain(path, MOST_BYTES), str(path), remedy)


def check_files(folder: Path, manifest: Manifest, remedy: str) -> None:
    """Make sure that the files are those that codegen wrote.

    A changed file is refused as well as a missing one: firmware names the model that the manifest names,
    and a board's proof would be recorded as that model's. Who wants to change the C builds it with
    CMake, which asks only that the files are there.

    Raises:
        UserError: one is missing, or was changed or exchanged.
    """
    for name, expected in manifest.files.items():
        if not (folder / name).is_file():
            raise UserError(f"{folder}: has no {name}; {remedy}")
        if runfolder.sha256_file(folder / name) != expected:
            raise UserError(f"{folder / name}: is not as earshot codegen wrote it; {remedy}")
