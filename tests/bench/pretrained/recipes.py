"""The models that ship: what each is, and the command that makes it."""

import shlex
from dataclasses import dataclass

LICENCE = "CC BY 4.0"
TRAINED_ON, TESTED_ON = "speech_commands_train", "speech_commands_dev.tar.xz"  # as commands name them
ATTRIBUTION = "Pete Warden, Speech Commands (arXiv 1804.03209)"
_TEN = "yes,no,up,down,left,right,on,off,stop,go"


@dataclass(frozen=True)
class Recipe:
    """A model that ships: its name, a line about it, its words, and the flags that it is trained with."""

    name: str
    summary: str
    words: str
    flags: str

    def command(self, data: str = TRAINED_ON, test_data: str = TESTED_ON) -> str:
        """What ``earshot`` is called with."""
        data, test_data = (shlex.quote(place) for place in (data, test_data))
        return f"train --words {self.words} --data {data} --test-data {test_data} {self.flags}"


RECIPES = (
    Recipe(
        "ten_words",
        "The ten command words of Speech Commands, anything else, and silence.",
        _TEN,
        "--preset micro --training-steps 6000",
    ),
    Recipe("yes_no", "Yes and no.", "yes,no", "--preset micro --training-steps 4000"),
)
