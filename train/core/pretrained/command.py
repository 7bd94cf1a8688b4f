"""``earshot models``: what ships with Earshot, the card of a model, a copy of it."""

import argparse
from pathlib import Path

from train.core import runfolder
from train.core.console import log, say
from train.core.errors import UserError, suggestion, typed
from train.core.installation import SHIPPED_MODELS
from train.core.outputs import State, state_of, whole_folder
from train.core.pretrained.card import CARD_PAGE, Card
from train.core.pretrained.models import card_of, copy_to, names

_NAME_WIDTH = 12


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Which one, and where its copy goes."""
    parser.description = (
        "List the models that ship with Earshot. Their names stand for a run folder in other commands, as "
        "in: earshot listen yes_no"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show the card of this one")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="a run folder of your own with it, to tune or to change"
    )


def run(flags: argparse.Namespace) -> None:
    """List, show or copy."""
    if flags.name is None:
        if flags.out:
            raise UserError(
                f"--out {flags.out}: of which model? NAME is missing; one of {', '.join(names())}"
            )
        say(*(line for name in names() for line in _lines(card_of(name))))
        return
    if flags.name not in names():
        raise UserError(f"{flags.name}: no such model ships; {suggestion(flags.name, names())}")
    if flags.out is None:
        say(*(SHIPPED_MODELS / flags.name / CARD_PAGE).read_text(encoding="utf-8").splitlines())
        return
    if state_of(flags.out, lambda _: False) is not State.FREE:
        raise UserError(f"--out {flags.out}: is there already; choose another folder")
    try:
        with whole_folder(flags.out) as folder:
            copy_to(flags.name, folder)
    except OSError as error:
        raise UserError(
            f"{flags.out}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    log(f"choose its thresholds with: earshot tune {typed(flags.out)} --data RECORDINGS")
    say(str(flags.out))


def _lines(card: Card) -> tuple[str, str]:
    words = ", ".join(card.words)
    heard, point = "", card.point
    if point:
        heard = (
            f"; hears {point.heard} of {point.said}, {point.false_accepts_per_hour:g} false accepts an hour"
        )
    return (
        f"{card.name:<{_NAME_WIDTH}}{words}",
        f"{'':{_NAME_WIDTH}}{100 * card.int8.accuracy:.1f} % of {card.int8.clips:,} clips{heard}; "
        f"{card.files[runfolder.TFLITE].bytes:,} bytes",
    )
