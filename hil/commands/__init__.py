"""One file a command on boards: flags in, a result on stdout. ``COMMANDS`` lists them."""

from train.commands import TUNE
from train.core.command_line import Command

_HERE = "hil.commands."

BOARDS = (
    Command("boards", "list the boards, what they need, and what is connected", f"{_HERE}boards"),
    Command("build", "the C of a run to firmware: RUN/firmware/BOARD/earshot", f"{_HERE}build"),
    Command("flash", "build, bring it onto a board, ask the board what it runs", f"{_HERE}flash"),
    Command("run", "build, start, play a recording to it, print what it hears", f"{_HERE}run"),
    Command("test", "let a board score recordings; prove every feature and score", f"{_HERE}test"),
    Command("stream", "let a board listen to words in noise, and count what it hears", f"{_HERE}stream"),
    Command("bench", "count what an inference and a row of features take on a board", f"{_HERE}bench"),
)
LISTEN = Command("listen", "hear your microphone, a recording or a board with it", f"{_HERE}listen")
RECORD = Command("record", "record words from a microphone, ready to train on", f"{_HERE}record")
PI = (
    Command("pi", "time model.pb on a Raspberry Pi, by the challenge's rules", f"{_HERE}pi"),
    Command("pi-root", "fetch an AArch64 Python and NumPy for pi --emulate (21 MB)", f"{_HERE}pi_root"),
)
COMPARE = Command("compare", "runs side by side: accuracy, sizes, work, what they hear", f"{_HERE}compare")
REPORT = Command("report", "join what boards made of a run, in RUN/report.html", f"{_HERE}report")
# What python -m hil knows.
COMMANDS = {
    "recordings": (RECORD,),
    "boards": BOARDS,
    "Raspberry Pi": PI,
    "a run": (LISTEN, TUNE, REPORT),
    "several runs": (COMPARE,),
}
