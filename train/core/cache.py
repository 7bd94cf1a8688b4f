"""Where things that can be made or fetched again are kept: corpora and feature banks."""

import os
from pathlib import Path


def cache_root() -> Path:
    """``$EARSHOT_CACHE``, else ``$XDG_CACHE_HOME/earshot``, else ``~/.cache/earshot``."""
    if explicit := os.environ.get("EARSHOT_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "earshot"
