"""Which Earshot this is, where its C sources lie, and where it keeps what can be made again."""

import hashlib
import importlib.metadata
import os
import tomllib
from pathlib import Path

_DISTRIBUTION = "earshot-kws"
_ROOT = Path(__file__).resolve().parents[2]  # the checkout, or site-packages

FIRMWARE_SOURCES = _ROOT / "firmware"  # the C sources and the boards; a wheel brings them, too
SHIPPED_MODELS = _ROOT / "train" / "pretrained"  # a folder each; so are these


def earshot_version() -> str:
    """The version of the checkout this file lies in, else of the installed package."""
    project = _ROOT / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8"))
        if content["project"]["name"] == _DISTRIBUTION:
            return str(content["project"]["version"])
    return importlib.metadata.version(_DISTRIBUTION)


def stage_environment() -> dict[str, str]:
    """The environment in which ``python -m codegen`` finds this Earshot, wherever it is called."""
    found = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *([found] if found else [])])}


def sources_sha256(package: str) -> str:
    """Hex SHA-256 of the sources of a package: another one, another Earshot, whatever its version says."""
    digest = hashlib.sha256()
    for path in sorted((_ROOT / package).rglob("*")):
        if path.suffix in (".py", ".j2"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_root() -> Path:
    """Corpora and feature banks, which can be fetched or made again.

    ``$EARSHOT_CACHE``, else ``$XDG_CACHE_HOME/earshot``, else ``~/.cache/earshot``.
    """
    if explicit := os.environ.get("EARSHOT_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "earshot"


def licence() -> str:
    """The text of LICENSE, of the checkout or of the installed package."""
    file = _ROOT / "LICENSE"
    if (_ROOT / "pyproject.toml").is_file() and file.is_file():
        return file.read_text(encoding="utf-8")
    return importlib.metadata.distribution(_DISTRIBUTION).read_text("licenses/LICENSE") or ""
