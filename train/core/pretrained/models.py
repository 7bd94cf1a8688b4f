"""A name in place of a run folder: the models that ship with Earshot, each as a run folder of its own."""

import functools
import hashlib
import shutil
import sys
from pathlib import Path

from train.core.console import log
from train.core.errors import UserError, meant, typed
from train.core.installation import (
    SHIPPED_MODELS,
    cache_root,
    earshot_version,
    sources_sha256,
    stage_environment,
)
from train.core.outputs import whole_folder
from train.core.pretrained.card import CARD, Card
from train.core.processes import children


@functools.cache
def names() -> tuple[str, ...]:
    """The models that ship, sorted."""
    return tuple(sorted(path.parent.name for path in SHIPPED_MODELS.glob(f"*/{CARD}")))


def card_of(name: str) -> Card:
    """What a model that ships says of itself.

    Raises:
        UserError: its card is damaged.
    """
    return Card.read(SHIPPED_MODELS / name / CARD)


def is_shipped(text: str) -> bool:
    """Whether this names a model that ships, and no file or folder here, which would go before it."""
    return text in names() and not Path(text).exists()


def run_of(text: str) -> Path:
    """The run folder that a user names: a path, or the name of a model that ships. For argparse.

    Of a model it is a copy in the cache with its C, which commands may build in. A file or folder of that
    name in the working directory goes before the model.

    Raises:
        UserError: a name that is almost that of a model, or a cache that cannot be written.
    """
    if is_shipped(text):
        return _copy_in_cache(text)
    path = Path(text)
    if text in names():
        log(f"{text} is what is here, not the model of that name that ships with Earshot")
    elif path.parent == Path() and not path.exists() and (hint := meant(text, names())):
        raise UserError(f"{text}: no such run folder is here, and no such model ships with Earshot; {hint}")
    return path


def shipped(name: str) -> Path | None:
    """The folder that a model ships in, to be read alone; None where there is none of that name."""
    return SHIPPED_MODELS / name if name in names() else None


def own_run(text: str) -> Path:
    """``run_of`` for commands that change a run; the models that ship stay as they are.

    Raises:
        UserError: it names one.
    """
    if is_shipped(text):
        raise UserError(
            f"{text}: ships with Earshot and stays as it is; take a copy of your own with: earshot models "
            f"{text} --out out/{text}"
        )
    return run_of(text)


def copy_to(name: str, folder: Path) -> None:
    """Put the files of a model that ships into a new folder, and its C into ``folder/c``.

    Raises:
        UserError: the C cannot be made; the message says why.
    """
    shutil.copytree(SHIPPED_MODELS / name, folder, dirs_exist_ok=True)
    # A stage as a program: core knows no later stage.
    made = children.run(
        [sys.executable, "-P", "-m", "codegen", str(folder)],  # -P: not a codegen of the working directory
        environment=stage_environment(),
    )
    if made.returncode:
        raise UserError(f"{name}: its C cannot be made:", made.stderr.strip())


def _copy_in_cache(name: str) -> Path:
    identity = [
        (SHIPPED_MODELS / name / CARD).read_text(encoding="utf-8"),
        earshot_version(),
        sources_sha256("codegen"),
    ]
    key = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:12]
    folder = cache_root() / "pretrained" / key / name
    if not folder.is_dir():
        try:
            with whole_folder(folder) as unfinished:
                copy_to(name, unfinished)
        except OSError as error:
            raise UserError(
                f"{folder}: cannot be written ({error.strerror}), and {name} has to be unpacked somewhere; "
                "set EARSHOT_CACHE to a folder that can be written"
            ) from error
        log(f"{name} ships with Earshot; unpacked in {typed(folder)}")
    return folder
