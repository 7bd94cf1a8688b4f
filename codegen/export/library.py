"""A model as a C library of a few files with a prefix of its own, whatever folder it goes into."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.emit import Generated, banner_of, sources_of_model, sources_of_run
from codegen.engines.header import HEADER as ENGINE
from codegen.engines.header import Context, end_contexts
from codegen.export.amalgam import Tree
from codegen.export.conditions import resolve
from codegen.export.prefix import check_prefix, default_prefix, rename
from codegen.export.sizes import FLASH_SOURCE, code_bytes, constant_bytes
from codegen.library import HEADER, library_header
from codegen.render import render
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES, earshot_version
from train.core.manifest import COMPILED, TFLM, Manifest, whole_words
from train.core.pretrained.card import CARD, Card
from train.core.results.boards import BenchResult
from train.core.spec import ModelSpec

_STREAM = ("c/kws_settings.c", "firmware/listener/stream.c", "firmware/listener/recognizer.c")
_MODEL_HEADER = "firmware/model/model.h"
_MODEL = ("c/engine.c", "firmware/model/compiled.c")
_MODEL_OF_TFLM = ("c/model.cc", "firmware/model/tflm.cc")
# Names of what TFLite-Micro needs, which have another beginning in the tree.
_OF_TFLM = re.compile(r"\b(g_model|g_model_len|RegisterOps)\b")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Instructions:
    """What a board was counted to take: an inference, and a row of features."""

    board: str
    label: str
    engine: str
    inference: int
    row: int | None


@dataclass(frozen=True)
class Library:
    """What every format gets.

    Attributes:
        prefix: of every global symbol, type and macro; macros have it in upper case.
        files: the sources by name: ``<prefix>.h``, which is the one to be included, ``<prefix>_internal.h``,
            and .c files; of TFLite-Micro, also ``<prefix>_model.cpp``. All lie in one folder, or the public
            header in one that is searched.
        engine: one of ``ENGINES``; TFLM needs that library beside this one.
        place: the run folder, or the file.
        tflite: the whole model.
        made: by ``earshot codegen``: the C without prefix is in it.
        spec: None for a model that nobody trained here: then the library has no front end.
        ends: ``inputs`` and ``outputs`` of the model, as the templates of the engine have them.
        instructions: of each board that was asked.
        author, website: of the model, as the user said; "" for none.
    """

    prefix: str
    files: Mapping[str, str]
    engine: str
    place: Path
    tflite: bytes
    made: Generated
    spec: ModelSpec | None
    ends: Mapping[str, list[Context]]
    instructions: tuple[Instructions, ...]
    author: str = ""
    website: str = ""

    def spec_for(self, format_name: str, lacks: str) -> ModelSpec:
        """What a format has to know of the run.

        Args:
            lacks: what a .tflite on its own has none of, and the format needs.
        Raises:
            UserError: it is a .tflite on its own.
        """
        if self.spec is None:
            raise UserError(
                f"{self.place}: a .tflite on its own has no {lacks}, and nothing says which features it "
                f"takes; --to {format_name} needs a run folder. Its C without front end: --to c"
            )
        return self.spec

    @property
    def header(self) -> str:
        """Name of the public header."""
        return f"{self.prefix}.h"

    @property
    def macro(self) -> str:
        """What macros begin with."""
        return self.prefix.upper()

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the files that are compiled."""
        return tuple(name for name in self.files if not name.endswith(".h"))

    @property
    def manifest(self) -> Manifest:
        """Of RUN/c."""
        return self.made.manifest

    @property
    def has_front_end(self) -> bool:
        """Whether it takes samples. Without, it takes the model's inputs."""
        return self.spec is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the scores; none without a front end."""
        return self.manifest.labels

    @property
    def words(self) -> tuple[str, ...]:
        """The labels that are reported."""
        return self.spec.words if self.spec else ()

    @property
    def sample_rate_hz(self) -> int | None:
        """Of the samples that it takes."""
        return self.manifest.sample_rate_hz

    @property
    def arena_bytes(self) -> int:
        """The model's memory, which is a part of a stream's."""
        return self.manifest.arena_bytes[self.engine]

    @property
    def memory_bytes(self) -> int:
        """What the caller provides: a stream, or a model without front end."""
        # TFLite-Micro's objects lie beside its arena; how large they are depends on the core.
        object_bytes = self.made.engines.object_bytes if self.engine == TFLM else 0
        return whole_words(object_bytes + self.arena_bytes) + (self.manifest.listener_bytes or 0)

    @property
    def constant_bytes(self) -> int:
        """Of flash: weights and tables, or the whole .tflite, which TFLite-Micro needs."""
        return constant_bytes(self.files) + (len(self.tflite) if self.engine == TFLM else 0)

    @property
    def flash_bytes(self) -> int:
        """Constants and code on a Cortex-M4, estimated."""
        return self.constant_bytes + code_bytes(self.files, self.prefix)

    @property
    def memory_source(self) -> str:
        """How the bytes of memory are known."""
        return "from the header" if self.engine == COMPILED else "from the header, on a core of 32 bits"

    @property
    def arena_source(self) -> str:
        """How the bytes of the arena are known."""
        return (
            "planned" if self.engine == COMPILED else "measured on a 64-bit host with the reference kernels"
        )

    @property
    def flash_source(self) -> str:
        """How the bytes of flash are known."""
        return FLASH_SOURCE if self.engine == COMPILED else f"{FLASH_SOURCE}; TFLite-Micro not included"

    @property
    def version(self) -> str:
        """Of Earshot, as three numbers, which every ecosystem takes."""
        return ".".join([*re.findall(r"\d+", earshot_version()), "0", "0"][:3])

    @property
    def credit(self) -> str:
        """Whom to name where the weights are passed on; "" of a model of one's own."""
        card = self.place / CARD
        return Card.read(card).credit if self.place.is_dir() and card.is_file() else ""

    @property
    def kind(self) -> str:
        """Which of two interfaces it has: "stream" takes samples, "model" the inputs of the model."""
        return "stream" if self.has_front_end else "model"

    @property
    def title(self) -> str:
        """What it is, in a line."""
        words = ", ".join(self.words)
        return f"spots {words} in sound" if words else "runs a model"

    def render(self, template: str, **context: object) -> str:
        """A template of codegen/export/templates, with the library as ``library``, and this filled in."""
        return render(template, library=self, earshot_version=earshot_version(), **context)

    def render_of_kind(self, name: str, **context: object) -> str:
        """The template of common/stream or common/model with this name."""
        return self.render(f"common/{self.kind}/{name}", **context)


def load_library(place: Path, prefix: str | None = None, engine: str = COMPILED) -> Library:
    """The library of a run folder, or of a single .tflite.

    Args:
        prefix: None for one made of the words, or of the file's name.
        engine: one of ``ENGINES``.
    Raises:
        UserError: a prefix that cannot be one, no finished run and no model, or one that the engine does
            not run.
    """
    if prefix is not None:
        check_prefix(prefix)
    is_run = not place.is_file()
    made = sources_of_run(place) if is_run else sources_of_model(place)
    manifest, engines = made.manifest, made.engines
    if engine not in manifest.arena_bytes:
        raise UserError(
            f"{place}: the compiled engine does not run this model: {manifest.refusals[engine]}. "
            "With --engine tflm, TFLite-Micro does"
        )
    spec = runfolder.read_spec(place) if is_run else None
    prefix = prefix or default_prefix(spec.words if spec else [place.stem])
    ends = end_contexts(*(engines.compiled_ends if engine == COMPILED else engines.file_ends))
    tree = Tree({**made.contents, **_headers(made, spec, engine, ends)})
    return Library(
        prefix=prefix,
        files=_files(tree, prefix, engine, manifest, has_front_end=is_run),
        engine=engine,
        place=place,
        tflite=engines.tflite,
        made=made,
        spec=spec,
        ends=ends,
        instructions=_instructions(place, manifest.model_sha256) if is_run else (),
    )


def _headers(
    made: Generated, spec: ModelSpec | None, engine: str, ends: Mapping[str, list[Context]]
) -> dict[str, str]:
    """The headers that are not as in the tree, which has them for both engines, and for programs of ours."""
    headers = {ENGINE: resolve(made.contents[ENGINE], {"KWS_ENGINE_TFLM": int(engine == TFLM)})}
    if engine == TFLM:
        return headers
    arena_bytes, banner = made.manifest.arena_bytes[COMPILED], banner_of(made.manifest.model_sha256)
    if spec and made.point:  # it need not include engine.h for the size
        header = library_header(banner, spec, made.point.stride_rows, whole_words(arena_bytes))
        return {**headers, HEADER: header}
    header = render(
        "common/model/header.h",
        banner=banner,
        arena_bytes=arena_bytes,
        model_bytes=whole_words(arena_bytes),
        ends=ends,
    )
    return {_MODEL_HEADER: header, ENGINE: ""}  # which has the same


def _files(tree: Tree, prefix: str, engine: str, manifest: Manifest, has_front_end: bool) -> dict[str, str]:
    """The sources with their prefix."""
    groups: dict[str, Iterable[str]] = {}
    if has_front_end:
        groups[""] = _STREAM
        groups["_frontend"] = ["c/frontend_tables.c", *_front_end_sources()]
    if engine == COMPILED:
        groups["_model"] = _MODEL
        groups["_kernels"] = [f"firmware/kernels/{kernel}.c" for kernel in manifest.kernels]
    seen: set[str] = set()
    public = tree.flatten(f"c/{HEADER}" if has_front_end else _MODEL_HEADER, seen)
    internal = tree.headers_of([source for group in groups.values() for source in group], seen)
    files = {".h": public, "_internal.h": f'#include "{prefix}.h"\n\n{internal}'}
    for name, sources in groups.items():
        files[f"{name}.c"] = f'#include "{prefix}_internal.h"\n\n{tree.join(sources, seen)}'
    if engine == TFLM:
        files["_model.cpp"] = f'#include "{prefix}_internal.h"\n\n{tree.join(_MODEL_OF_TFLM, seen)}'
    texts = {name: _BLANK_LINES.sub("\n\n", _OF_TFLM.sub(r"kws_\1", text)) for name, text in files.items()}
    return {f"{prefix}{name}": text for name, text in rename(texts, prefix).items()}


def _front_end_sources() -> list[str]:
    return [f"firmware/frontend/{path.name}" for path in sorted((FIRMWARE_SOURCES / "frontend").glob("*.c"))]


def _instructions(run: Path, model_sha256: str) -> tuple[Instructions, ...]:
    """What ``earshot bench`` counted of this model."""
    found = []
    for path in sorted((run / runfolder.HIL).glob(f"*/{BenchResult.NAME}")):
        try:
            bench = BenchResult.read(path)
        except UserError:
            continue  # the report says what is wrong with it
        if bench.model_sha256 == model_sha256 and bench.instructions_per_inference is not None:
            found.append(
                Instructions(
                    bench.board,
                    bench.label,
                    bench.engine,
                    bench.instructions_per_inference,
                    bench.instructions_per_row,
                )
            )
    return tuple(found)
