"""Folders of generated C: what is in one, and a manifest for one that codegen did not make."""

from pathlib import Path

from train.core import runfolder
from train.core.manifest import ENGINES, MANIFEST, End, Manifest


def write_manifest(folder: Path) -> None:
    """A manifest of whatever is there, of no model in particular."""
    end = End((1,), 1.0, 0)
    manifest = Manifest(
        earshot_version="0",
        model_sha256="0" * 64,
        model_bytes=0,
        weight_bytes=0,
        inputs=(end,),
        outputs=(end,),
        arena_bytes=dict.fromkeys(ENGINES, 16),
        operators=(),
        kernels=(),
        files=hashes(folder),
    )
    runfolder.write_text(folder / MANIFEST, manifest.to_json())


def hashes(folder: Path) -> dict[str, str]:
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    return {name: runfolder.sha256_file(folder / name) for name in names}


def read_all(folder: Path) -> dict[str, bytes]:
    """Every file, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
