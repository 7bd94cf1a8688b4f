"""Which Earshot this is, and where what it brings for compilers lies."""

import importlib.metadata
import tomllib
from pathlib import Path

_DISTRIBUTION = "earshot-kws"
_ROOT = Path(__file__).resolve().parents[2]  # the checkout, or site-packages

FIRMWARE_SOURCES = _ROOT / "firmware"  # the C sources and the boards; a wheel brings them, too


def earshot_version() -> str:
    """The version of the checkout this file lies in, else of the installed package."""
    project = _ROOT / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8"))
        if content["project"]["name"] == _DISTRIBUTION:
            return str(content["project"]["version"])
    return importlib.metadata.version(_DISTRIBUTION)


def licence() -> str:
    """The text of LICENSE, of the checkout or of the installed package."""
    file = _ROOT / "LICENSE"
    if (_ROOT / "pyproject.toml").is_file() and file.is_file():
        return file.read_text(encoding="utf-8")
    return importlib.metadata.distribution(_DISTRIBUTION).read_text("licenses/LICENSE") or ""
