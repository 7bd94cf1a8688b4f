"""What is known of the computer that a graph is timed on. What cannot be read is None."""

import contextlib
import os
import platform
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MODEL = "/proc/device-tree/model"  # of ARM boards: "Raspberry Pi 3 Model B Rev 1.2"
_MOST_MEMORY_BYTES = 1 << 30  # of a Pi 3
_CPU = "/sys/devices/system/cpu/cpu0/cpufreq/"


def describe_machine():
    # type: () -> dict[str, Any]
    """Model, processor, system and Python, for the record."""
    model = _read(_MODEL)
    return {
        "model": model.rstrip("\0") if model else None,
        "processor": _processor(),
        "architecture": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.sysconf("SC_NPROCESSORS_ONLN") if hasattr(os, "sysconf") else None,
    }


def read_state():
    # type: () -> dict[str, Any]
    """Temperature and clock: a Pi that is hot, or whose governor saves power, is slower."""
    millidegrees, kilohertz = _read("/sys/class/thermal/thermal_zone0/temp"), _read(_CPU + "scaling_cur_freq")
    return {
        "temperature_c": int(millidegrees) / 1000.0 if millidegrees else None,
        "governor": _read(_CPU + "scaling_governor"),
        "clock_mhz": int(kilohertz) / 1000.0 if kilohertz else None,
    }


def peak_memory_bytes():
    # type: () -> int | None
    """Most memory that this process had at once, Python and NumPy or TensorFlow included."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@contextlib.contextmanager
def limited_memory():
    # type: () -> Iterator[None]
    """Allocations fail, with a MemoryError, beyond what a Pi has; where the system counts addresses."""
    try:
        import resource  # not on Windows
    except ImportError:
        yield
        return
    pages = (_read("/proc/self/statm") or "").split()
    soft, hard = before = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        limit = int(pages[0]) * resource.getpagesize() + _MOST_MEMORY_BYTES
        if soft == resource.RLIM_INFINITY or limit < soft:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _processor():
    # type: () -> str | None
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return None


def _read(path):
    # type: (str) -> str | None
    try:
        with open(path) as file:
            return file.read().strip()
    except (IOError, OSError, UnicodeDecodeError):
        return None
