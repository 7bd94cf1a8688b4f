"""``earshot quantize RUN``: the float model of a run folder to a full-int8 .tflite."""

import argparse

from train.core import runfolder
from train.core.command_line import add_run_argument
from train.core.console import warn
from train.core.native import import_tensorflow
from train.core.results.belonging import stale


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The run folder alone."""
    parser.description = (
        "Quantize RUN/model.keras to full int8: RUN/model.tflite, audited. "
        "Calibrated on training clips that the run folder keeps (calibration.npy)."
    )
    add_run_argument(parser, changes=True)


def run(flags: argparse.Namespace) -> None:
    """Quantize; the audit goes to stdout."""
    import_tensorflow()  # takes seconds, so --help does not wait for it
    from quantize.report import print_audit
    from quantize.stage import quantize

    with runfolder.writing(flags.run):
        print_audit(quantize(flags.run), flags.run)
        for what in stale(flags.run):
            warn(what)
