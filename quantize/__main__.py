"""``python -m quantize RUN``: the float model of a run folder to a full-int8 .tflite."""

import argparse
from pathlib import Path

from train import console
from train.native import import_tensorflow


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m quantize",
        description="Quantize RUN/model.keras to full int8: RUN/model.tflite, audited. "
        "Calibrated on training clips that the run folder keeps (calibration.npy).",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")
    arguments = parser.parse_args()

    import_tensorflow()  # takes seconds, so --help does not wait for it
    from quantize.report import print_audit
    from quantize.stage import quantize

    print_audit(quantize(arguments.run), arguments.run)


if __name__ == "__main__":
    console.run(main)
