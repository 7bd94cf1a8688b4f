"""What ``earshot bench --layers`` leaves: layers.json of a board."""

from dataclasses import dataclass
from typing import ClassVar

from train.core.results.board_file import BoardFile


@dataclass(frozen=True, kw_only=True)
class LayerFigures:
    """What an operator of an inference takes.

    Attributes:
        index, name: in the .tflite.
        output: shape of what it puts out, without the batch of one.
        instructions: of it, a mean over inferences.
        macs: products that it sums, those on padding included.
        constant_bytes: weights, biases, scales and tables that it reads.
        code_bytes: of kernels and tiles that no operator before it has.
        kernel: what computes it, and why that, in words; "" where that is not known, or nothing.
        form: what this core makes of that, in words.
    """

    index: int
    name: str
    output: tuple[int, ...]
    instructions: int
    macs: int
    constant_bytes: int
    code_bytes: int
    kernel: str
    form: str


@dataclass(frozen=True, kw_only=True)
class LayersResult(BoardFile):
    """layers.json: where an inference goes, by operators in the order they run.

    Attributes:
        board, label, engine: as in result.json.
    """

    NAME: ClassVar[str] = "layers.json"
    COMMAND: ClassVar[str] = "bench --layers"

    board: str
    label: str
    engine: str
    layers: tuple[LayerFigures, ...]

    @property
    def instructions(self) -> int:
        """Of all layers."""
        return sum(layer.instructions for layer in self.layers)
