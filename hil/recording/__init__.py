"""Takes of words: recorded in a dialogue, judged, cut and kept as a corpus. Start in ``recorder``."""
