"""A run that listens here: its C in a library, sources of sound, what is heard. Start in ``detector``.

``Detector`` is meant for programs of yours, too: docs/LISTEN.md.
"""

from hil.live.detector import Detection, Detector, Inference
from hil.live.level import Level

__all__ = ["Detection", "Detector", "Inference", "Level"]
