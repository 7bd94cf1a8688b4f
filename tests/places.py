"""Where things are, for all tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of the repository
SHARED = ROOT.parent / "shared"  # reference vectors and recordings; not everybody has them
RECORDINGS = SHARED / "data" / "speech_commands_dev.tar.xz"
C_PROGRAMS = ROOT / "tests" / "c"
