"""``earshot download``: the official recordings, into the cache."""

import argparse

from train.core.console import say
from train.core.errors import Interrupted
from train.core.installation import cache_root


def add_flags(parser: argparse.ArgumentParser) -> None:
    """None but --help."""
    parser.description = (
        "Fetch Speech Commands v0.02 (2.4 GB, CC BY 4.0) into the cache, $EARSHOT_CACHE or "
        "~/.cache/earshot; a cut download goes on where it was."
    )


def run(_flags: argparse.Namespace) -> None:
    """Download; the folder goes to stdout."""
    from train.data.download import download_official

    try:
        say(str(download_official(cache_root())))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on where it was") from None
