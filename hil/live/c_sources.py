"""The C that listens: what of a run and of the firmware is compiled, for this computer or for a browser."""

from dataclasses import dataclass
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import COMPILED
from train.core.results.belonging import check_sources
from train.core.spec import ModelSpec

_GENERATED = ("engine.c", "frontend_tables.c", "kws_settings.c")


@dataclass(frozen=True)
class CSources:
    """The C library of a run, all of kws.h.

    Attributes:
        files: absolute, so that no name begins as a flag does.
        include_folders: likewise.
        stream_bytes: of a kws_stream.
    """

    files: tuple[Path, ...]
    include_folders: tuple[Path, ...]
    stream_bytes: int


def c_sources(run: Path, spec: ModelSpec) -> CSources:
    """Front end, kernels, listener, and RUN/c.

    Raises:
        UserError: RUN/c is not of this model, or the compiled engine does not run it.
    """
    manifest = check_sources(run, spec)
    generated, firmware = (run / runfolder.C_SOURCES).resolve(), FIRMWARE_SOURCES.resolve()
    manifest.check_engine(COMPILED, str(run / runfolder.C_SOURCES))
    if manifest.stream_bytes is None:
        raise UserError(
            f"{run / runfolder.C_SOURCES}: is of Earshot {manifest.earshot_version}, which made no library; "
            f"make it again with: earshot codegen {run}"
        )
    files = (
        *(generated / name for name in _GENERATED),
        firmware / "model" / "compiled.c",
        *sorted((firmware / "frontend").glob("*.c")),
        *sorted((firmware / "listener").glob("*.c")),
        *(firmware / "kernels" / f"{kernel}.c" for kernel in manifest.kernels),
    )
    return CSources(files, (firmware, generated), manifest.stream_bytes)
