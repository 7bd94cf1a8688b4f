"""One file a command: flags in, a stage called, a result on stdout. ``COMMANDS`` lists them."""

from train.core.command_line import Command

_HERE = "train.commands."

TRAIN = Command("train", "a list of words to a trained, quantized network and its C", f"{_HERE}train")
EVALUATE = Command("evaluate", "score the models of a run on any corpus", f"{_HERE}evaluate")
REPORT = Command("report", "write RUN/report.html anew", f"{_HERE}report")
TUNE = Command("tune", "choose thresholds for a target of false accepts per hour", f"{_HERE}tune")

DATA = (
    Command("download", "fetch the official Speech Commands recordings (2.4 GB)", f"{_HERE}download"),
    Command(
        "explore",
        "a page about a corpus: clips, faults, likely wrong labels",
        f"{_HERE}explore",
    ),
    Command("sample", "a small corpus out of a large one", f"{_HERE}sample"),
    Command("pseudo-label", "a corpus out of recordings that runs are sure about", f"{_HERE}pseudo_label"),
)
SEVERAL_MODELS = (
    Command("ensemble", "weights of runs in their average, chosen on validation", f"{_HERE}ensemble"),
    Command("blend", "the same for files of scores, whatever made them", f"{_HERE}blend"),
    Command("submit", "score a folder of files, as the challenge's CSV", f"{_HERE}submit"),
)
# What python -m train knows beside training itself.
COMMANDS = {
    "models": (EVALUATE, REPORT, TUNE),
    "recordings": DATA,
    "several models": SEVERAL_MODELS,
}
