"""How many random cases a test tries: a few in ``make test``, all of them in ``make fuzz``."""

import os


def cases(few: int, all_of_them: int) -> int:
    """The number for this run. Case n is the same in both, so that a seed that failed can be tried again."""
    return all_of_them if os.environ.get("EARSHOT_FUZZ") else few
