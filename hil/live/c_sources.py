"""The C that listens: what of a run and of the firmware is compiled, for this computer or for a browser."""

from dataclasses import dataclass
from pathlib import Path

from hil.boards.build import check_sources
from train.core import runfolder
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import COMPILED
from train.core.spec import ModelSpec

# micro_model_settings.cc is C as well as C++.
_GENERATED = ("engine.c", "frontend_tables.c", "operating_point.c", "micro_model_settings.cc")


@dataclass(frozen=True)
class CSources:
    """All of it is C, whatever it is called.

    Attributes:
        files: absolute, so that no name begins as a flag does.
        include_folders: likewise.
    """

    files: tuple[Path, ...]
    include_folders: tuple[Path, ...]


def c_sources(run: Path, spec: ModelSpec) -> CSources:
    """firmware/app/live.c with front end, kernels, listener, and RUN/c.

    Raises:
        UserError: RUN/c is not of this model, or the compiled engine does not run it.
    """
    manifest = check_sources(run, spec)
    generated, firmware = (run / runfolder.C_SOURCES).resolve(), FIRMWARE_SOURCES.resolve()
    manifest.check_engine(COMPILED, str(run / runfolder.C_SOURCES))
    files = (
        *(generated / name for name in _GENERATED),
        firmware / "app" / "live.c",
        firmware / "model" / "compiled.c",
        *sorted((firmware / "frontend").glob("*.c")),
        *sorted((firmware / "listener").glob("*.c")),
        *(firmware / "kernels" / f"{kernel}.c" for kernel in manifest.kernels),
    )
    return CSources(files, (firmware, firmware / "listener", generated))
