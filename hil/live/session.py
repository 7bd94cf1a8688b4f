"""What was heard so far: the sums that the end of ``earshot listen`` tells."""

from collections import Counter, deque
from collections.abc import Sequence

from hil.live.detector import Detection, Inference
from hil.live.level import SILENT_DBFS, Level

_KEPT_DETECTIONS = 100


class Session:
    """Counts as pieces of sound come.

    Attributes:
        heard: how often each word was.
        latest: detections, the last ones.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.heard: Counter[str] = Counter()
        self.latest: deque[Detection] = deque(maxlen=_KEPT_DETECTIONS)
        self._rate_hz = sample_rate_hz
        self._samples = self._clipped_pieces = 0
        self._loudest_dbfs = SILENT_DBFS

    @property
    def seconds(self) -> float:
        """Length of the sound so far."""
        return self._samples / self._rate_hz

    def add(self, sample_count: int, level: Level, inferences: Sequence[Inference]) -> list[Detection]:
        """Take in a piece of sound, its level and what it led to; return the detections of it."""
        self._samples += sample_count
        if sample_count:
            self._loudest_dbfs = max(self._loudest_dbfs, level.peak_dbfs)
            self._clipped_pieces += level.is_clipped
        found = [inference.detection for inference in inferences if inference.detection is not None]
        self.heard.update(detection.word for detection in found)
        self.latest.extend(found)
        return found

    def summary(self, source: str, overruns: int) -> list[str]:
        """A few lines for people."""
        lines = [f"listened to {source} for {duration(self.seconds)}; heard {times(self.heard)}"]
        if self._samples:
            lines.append(f"loudest sample at {self._loudest_dbfs:.1f} dBFS{self._advice()}")
        if overruns:
            lines.append(
                f"sound was lost {overruns} times, because this computer was too busy to fetch it; words may "
                "be missing"
            )
        return lines

    def _advice(self) -> str:
        if self._clipped_pieces:
            return "; some of it was cut off: lower the gain of the microphone, or step back"
        if self._loudest_dbfs <= SILENT_DBFS:
            return "; that is silence: is it muted?"
        return ""


def times(heard: Counter[str]) -> str:
    """``{"yes": 2, "no": 1}`` as "yes 2 times, no once"."""
    counts = {1: "once", 2: "twice"}
    return (
        ", ".join(f"{word} {counts.get(count, f'{count} times')}" for word, count in heard.most_common())
        or "nothing"
    )


def duration(seconds: float) -> str:
    """For people: 12.5 s, 3 min 5 s, 2 h 0 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
