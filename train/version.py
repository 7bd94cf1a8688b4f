"""Which Earshot this is."""

import importlib.metadata
import tomllib
from pathlib import Path

_DISTRIBUTION = "earshot-kws"


def earshot_version() -> str:
    """The version of the checkout this file lies in, else of the installed package."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8"))
        if content["project"]["name"] == _DISTRIBUTION:
            return str(content["project"]["version"])
    return importlib.metadata.version(_DISTRIBUTION)
