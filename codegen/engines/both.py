"""The sources of both engines of a model, and the manifest that says what there is."""

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen import cformat
from codegen.engine import GeneratedEngine, Windows, build_engine
from codegen.engines.header import HEADER, end_contexts, engine_header
from codegen.op_resolver import count_variables, resolver_methods
from codegen.passes.dilation import WrongValuesError, check_batches
from codegen.passes.ends import ModelEnd, find_ends
from codegen.render import render
from train.core.errors import UserError
from train.core.installation import earshot_version
from train.core.manifest import COMPILED, TFLM, End, Manifest
from train.tflite.graph import Graph, only_graph, read_graphs
from train.tflite.tflm import TflmEnd, TflmModel

_BYTES_PER_ROW = 12


@dataclass(frozen=True)
class _ObjectBytes:
    """What firmware/model/tflm.cc puts before the arena at most; with less, it refuses to compile."""

    fixed: int
    each_operator: int

    def most(self, methods: Sequence[str]) -> int:
        return self.fixed + self.each_operator * len(methods)


# Measured with a margin: 984 + 74 an operator (x86-64), 596 + 39 (Arm).
_OBJECT_BYTES_64, _OBJECT_BYTES_32 = _ObjectBytes(1152, 80), _ObjectBytes(832, 48)


@dataclass(frozen=True)
class Engines:
    """What runs a model.

    Attributes:
        tflite: the whole file.
        graphs: in it.
        model: in TFLite-Micro.
        object_bytes: what firmware/model/tflm.cc puts before the arena on cores of 32 bits, at most.
        compiled: None where that does not run it; ``refusal`` says why.
        sources: of both.
    """

    tflite: bytes
    graphs: tuple[Graph, ...]
    model: TflmModel
    object_bytes: int
    compiled: GeneratedEngine | None
    refusal: str
    sources: dict[str, str]

    @property
    def compiled_ends(self) -> tuple[Sequence[ModelEnd], Sequence[ModelEnd]]:
        """Inputs and outputs, with the int8 behind them where the compiled engine has it."""
        return (self.compiled.inputs, self.compiled.outputs) if self.compiled else self.file_ends

    @property
    def file_ends(self) -> tuple[Sequence[ModelEnd], Sequence[ModelEnd]]:
        """Inputs and outputs as the file has them, which TFLite-Micro takes and gives."""
        return find_ends(self.graphs[0], self.graphs[0])

    def manifest(self, contents: Mapping[str, str]) -> Manifest:
        """The manifest of a model alone.

        Args:
            contents: of all files, by name.
        """
        engine = self.compiled
        inputs, outputs = self.compiled_ends
        return Manifest(
            earshot_version=earshot_version(),
            model_sha256=hashlib.sha256(self.tflite).hexdigest(),
            model_bytes=len(self.tflite),
            weight_bytes=sum(tensor.constant_bytes for graph in self.graphs for tensor in graph.tensors),
            inputs=tuple(_end(end, tflm) for end, tflm in zip(inputs, self.model.inputs, strict=True)),
            outputs=tuple(_end(end, tflm) for end, tflm in zip(outputs, self.model.outputs, strict=True)),
            arena_bytes={
                **({COMPILED: engine.arena_bytes} if engine else {}),
                TFLM: self.model.arena_bytes,
            },
            operators=tuple(op.name for op in self.graphs[0].ops),
            kernels=engine.kernels if engine else (),
            layers=engine.layers if engine else (),
            files={
                name: hashlib.sha256(content.encode("utf-8")).hexdigest()
                for name, content in sorted(contents.items())
            },
            refusals={COMPILED: self.refusal} if self.refusal else {},
        )


def load_engines(tflite: bytes, banner: str, where: str, windows: Windows | None = None) -> Engines:
    """Both engines of a model, or what TFLite-Micro needs alone.

    Args:
        tflite: the whole file.
        banner: comment that opens each source.
        where: name of the model, used in messages.
        windows: of a stream, which the compiled engine then runs without computing anything twice.
    Raises:
        UserError: no model, or one that TFLite-Micro does not run: without it nothing would prove the
            bits of the compiled engine. Also one that TFLite-Micro runs wrongly, see ``WrongValuesError``.
    """
    graphs = read_graphs(tflite, where)
    check_batches(graphs[0], where)
    engine, refusal = _compile(graphs, banner, where, windows)
    try:
        model = TflmModel(tflite, where)
    except UserError as error:
        if not refusal:
            refusal = "it could, but its bits are proven beside TFLite-Micro"
        raise UserError(f"{error}. The compiled engine: {refusal}") from error
    methods = resolver_methods(graphs, where)
    sources, object_bytes = tflm_files(banner, tflite, model, graphs, methods), _OBJECT_BYTES_32.most(methods)
    if engine:
        return Engines(tflite, graphs, model, object_bytes, engine, "", {**sources, **engine.sources})
    ends = end_contexts(*find_ends(graphs[0], graphs[0]))
    header = engine_header(banner, ends, None)
    return Engines(tflite, graphs, model, object_bytes, None, refusal, {**sources, HEADER: header})


def _compile(
    graphs: tuple[Graph, ...], banner: str, where: str, windows: Windows | None
) -> tuple[GeneratedEngine | None, str]:
    """The compiled engine of a model, or why there is none."""
    try:
        return build_engine(only_graph(graphs, where), banner, where, windows), ""
    except WrongValuesError:
        raise
    except UserError as error:
        return None, str(error).removeprefix(f"{where}: ")


def tflm_files(
    banner: str, tflite: bytes, model: TflmModel, graphs: Sequence[Graph], methods: Sequence[str]
) -> dict[str, str]:
    """What TFLite-Micro needs of a model: model.cc, model.h and op_resolver.h."""
    ops = [op.name for graph in graphs for op in graph.ops]
    return {
        "op_resolver.h": render("op_resolver.h", banner=banner, methods=methods),
        "model.h": render(
            "model.h",
            banner=banner,
            arena_bytes=model.arena_bytes,
            object_bytes_64=_OBJECT_BYTES_64.most(methods),
            object_bytes_32=_OBJECT_BYTES_32.most(methods),
            tflm_version=importlib.metadata.version("tflite-micro"),
            variables=count_variables(graphs),
            ops=cformat.comment(f"{len(tflite)} bytes, {len(ops)} operators: {', '.join(ops)}"),
        ),
        "model.cc": render(
            "model.cc",
            banner=banner,
            rows=cformat.rows(cformat.hex_bytes(tflite), _BYTES_PER_ROW),
            length=len(tflite),
        ),
    }


def _end(end: ModelEnd, tflm: TflmEnd) -> End:
    is_quantized = len(end.core.scales) == 1
    return End(
        tflm.shape,
        end.core.scale if is_quantized else None,
        end.core.zero_point if is_quantized else None,
        end.name,
        end.file.dtype.name,
    )
