"""The oracle for bits: a .tflite run by the TFLite-Micro interpreter (package ``tflite-micro``)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.tflite.graph import Graph, read_graphs
from train.tflite.tflm_host import Failure, LoadedModel

_ENDS = ("inputs", "outputs")


@dataclass(frozen=True)
class TflmEnd:
    """An input or output, as TFLite-Micro has it.

    Attributes:
        name: of the signature, or of the tensor.
        shape: without the batch of one, such as (49, 43, 1).
        scale, zero_point: real = (stored - zero_point) * scale; None where it is not quantized so.
    """

    name: str
    batch_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float | None
    zero_point: int | None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.batch_shape[1:] if self.batch_shape[:1] == (1,) else self.batch_shape


def int8_model(tflite: bytes, where: str) -> "TflmModel":
    """A model with one int8 input and one int8 output, as those of run folders are.

    Raises:
        UserError: as ``TflmModel``, or other ends.
    """
    model = TflmModel(tflite, where)
    for kind in _ENDS:
        model.int8_end(kind)
    return model


class TflmModel:
    """A .tflite as TFLite-Micro runs it, in a process of its own.

    Attributes:
        inputs, outputs: its ends, in the order of the file.
        arena_bytes: smallest tensor arena, measured on this host. Where pointers have 64 bits the
            interpreter's own records are larger, so a 32-bit board needs less.
    """

    def __init__(self, tflite: bytes, where: str, arena_bytes: int | None = None) -> None:
        """Load a model and measure its arena.

        Args:
            tflite: the whole file.
            where: name used in messages.
            arena_bytes: of the arena to take; None for the smallest, which takes some trials.
        Raises:
            UserError: not a .tflite, damaged, or one that TFLite-Micro does not run, as by an operator
                that it does not have.
        """
        self._tflite = tflite
        self._where = where
        graph = read_graphs(tflite, where)[0]
        try:
            self._loaded = LoadedModel(tflite, (len(graph.inputs), len(graph.outputs)), arena_bytes)
        except Failure as failure:
            raise self._refusal(failure) from None
        self.arena_bytes = self._loaded.arena_bytes
        self.inputs, self.outputs = (self._ends(graph, kind) for kind in _ENDS)

    def __reduce__(self) -> tuple[type["TflmModel"], tuple[bytes, str, int]]:
        """Made again from the file in another process."""
        return TflmModel, (self._tflite, self._where, self.arena_bytes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of the one input, without the batch."""
        return self._only("inputs").shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of the one output, without the batch."""
        return self._only("outputs").shape

    @property
    def input_scale(self) -> float:
        """Of the one input: real = (int8 - zero point) * scale."""
        return self.int8_end("inputs")[0]

    @property
    def input_zero_point(self) -> int:
        """Of the one input."""
        return self.int8_end("inputs")[1]

    @property
    def output_scale(self) -> float:
        """Of the one output."""
        return self.int8_end("outputs")[0]

    @property
    def output_zero_point(self) -> int:
        """Of the one output."""
        return self.int8_end("outputs")[1]

    def run(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Raw output of each input of a model that has one of each, one after the other.

        State goes from each inference to the next.

        Args:
            inputs: (n, ...) of the input's dtype, each with as many values as ``input_shape``.
        Returns:
            (n, *output_shape).
        Raises:
            ValueError: inputs of another type or size.
            UserError: TFLite-Micro fails or crashes at them.
        """
        self._only("outputs")
        return self.run_all([inputs])[0]

    def run_all(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Raw outputs of a model with any number of inputs and outputs.

        Args:
            inputs: for each input an (n, ...) array, as ``run`` takes it.
        Returns:
            for each output (n, *shape).
        Raises:
            ValueError: inputs of another number, type or size.
            UserError: TFLite-Micro fails or crashes at them.
        """
        if len(inputs) != len(self.inputs):
            raise ValueError(f"{len(inputs)} inputs, expected {len(self.inputs)}")
        count = len(inputs[0]) if inputs else 1
        for array, end in zip(inputs, self.inputs, strict=True):
            size = math.prod(end.shape)
            if array.dtype != end.dtype or len(array) != count or array[0:1].size != min(count, 1) * size:
                raise ValueError(
                    f"inputs are {array.dtype} {array.shape}, expected {end.dtype} (n, *{end.shape})"
                )
        try:
            found = self._loaded.run([np.ascontiguousarray(array).tobytes() for array in inputs], count)
        except Failure as failure:
            raise self._refusal(failure) from None
        return [
            np.frombuffer(data, end.dtype).reshape(count, *end.shape).copy()
            for data, end in zip(found, self.outputs, strict=True)
        ]

    def reset(self) -> None:
        """Forget what the model keeps from one inference to the next."""
        self._loaded.reset()

    def _ends(self, graph: Graph, kind: str) -> tuple[TflmEnd, ...]:
        details, names = self._loaded.details[kind], getattr(graph, f"{kind[:-1]}_names")
        return tuple(
            TflmEnd(
                name,
                tuple(end["shape"]),
                np.dtype(end["dtype"]),
                *((end["scales"][0], end["zero_points"][0]) if len(end["scales"]) == 1 else (None, None)),
            )
            for name, end in zip(names, details, strict=True)
        )

    def _only(self, kind: str) -> TflmEnd:
        ends: tuple[TflmEnd, ...] = getattr(self, kind)
        if len(ends) != 1:
            names = ", ".join(end.name for end in ends)
            raise UserError(f"{self._where}: has {len(ends)} {kind} ({names}), expected one")
        return ends[0]

    def int8_end(self, kind: str) -> tuple[float, int]:
        """Scale and zero point of the one input or output.

        Raises:
            UserError: there are several, or it is not int8.
        """
        end = self._only(kind)
        if end.dtype != np.int8 or end.scale is None or end.zero_point is None:
            raise UserError(
                f"{self._where}: {kind[:-1]} is {end.dtype}, expected int8 with one scale; "
                "quantize it with: earshot quantize RUN"
            )
        return end.scale, end.zero_point

    def _refusal(self, failure: Failure) -> UserError:
        return UserError(
            f"{self._where}: TFLite-Micro refuses it: {failure}; expected operators and types that "
            "TFLite-Micro has"
        )
