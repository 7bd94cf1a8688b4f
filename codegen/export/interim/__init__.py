"""Interim, to be removed: the public header and the stream, until the core of the library has them."""

import re
from collections.abc import Mapping
from pathlib import Path

from train.core.installation import FIRMWARE_SOURCES, earshot_version

STREAM = (
    "c/operating_point.c",
    "c/micro_model_settings.cc",
    "c/stream.c",
    "c/listener.c",
    "firmware/listener/recognizer.c",
)


def interim_files(generated: Mapping[str, str], labels: int) -> dict[str, str]:
    """kws.h, stream.c and what would clash with them."""
    folder = Path(__file__).parent
    texts = {name: (folder / name).read_text() for name in ("kws.h", "stream.c")}
    found = re.findall(r"^    (\d+),", generated["operating_point.c"], re.MULTILINE)
    for name in texts:
        for key, value in (
            ("VERSION", earshot_version()),
            ("LABELS", labels),
            ("THRESHOLDS", ",".join(found)),
        ):
            texts[name] = texts[name].replace(f"@{key}@", str(value))
    for name in ("listener.h", "listener.c"):
        text = (FIRMWARE_SOURCES / "listener" / name).read_text()
        texts[name] = re.sub(r"\bkws_event\b", "kws_live_event", text)
    return texts
