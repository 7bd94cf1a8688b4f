"""The audit as people read it."""

from pathlib import Path

from rich.table import Table

from quantize.audit import Audit
from train.core.console import printable, say, show
from train.core.runfolder import TFLITE


def print_audit(result: Audit, run: Path) -> None:
    """Operators, tensors and sizes of a quantized model, on stdout."""
    table = Table(title=f"{printable(str(run / TFLITE))}: {result.file_bytes:,} bytes", title_justify="left")
    for column in ("tensor", "shape", "type", "scale", "zero point", "bytes"):
        table.add_column(column, justify="right" if column in ("scale", "zero point", "bytes") else "left")
    for tensor in result.tensors:
        several = len(tensor.scales) > 1
        table.add_row(
            f"{tensor.index} {printable(tensor.name)}".rstrip(),
            " x ".join(map(str, tensor.shape)),
            tensor.type_name,
            f"{len(tensor.scales)} scales" if several else "".join(f"{scale:.6g}" for scale in tensor.scales),
            "0" if several else "".join(map(str, tensor.zero_points)),
            f"{tensor.constant_bytes:,}" if tensor.constant_bytes else "",
        )
    show(table)
    say(
        f"ops: {', '.join(op.name for op in result.ops)}",
        f"weights and biases {result.constant_bytes:,} bytes, "
        f"the rest of the file {result.file_bytes - result.constant_bytes:,} bytes",
    )
