"""A microphone that plays a file: PortAudio and ALSA are real, the sound card is ALSA's plugin "file"."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from live_sounds import RATE_HZ, noisy
from places import ROOT

from hil.live.microphone import Microphone
from train.core.errors import UserError

# Nothing paces the plugin, so that only what is kept for a busy computer, ten seconds, comes whole.
SECONDS = 4
RECORD = f"""
import sys
import numpy as np
from hil.live.microphone import Microphone, device_lines
from train.core.errors import UserError
with Microphone({RATE_HZ}, "played") as microphone:
    pieces = [microphone.read() for _ in range({SECONDS * 20})]
np.save(sys.argv[1], np.concatenate(pieces))
print(*device_lines(), sep="\\n")
try:
    Microphone({RATE_HZ}, "gramophone")
except UserError as error:
    print(error)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    installed = Path("/usr/share/alsa/alsa.conf")
    if not installed.is_file():
        pytest.skip("ALSA is not installed (libasound2)")
    try:
        import sounddevice  # noqa: F401
    except (ImportError, OSError) as error:
        pytest.skip(f"no sounddevice or no PortAudio: {error}")
    config = tmp_path / "asound.conf"
    config.write_text(
        f'<{installed}>\npcm.played {{ type file slave.pcm "null" file "/dev/null" '
        f'infile "{tmp_path / "sound.raw"}" format "raw" }}\n'
    )
    return {"ALSA_CONFIG_PATH": str(config), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def test_a_microphone_gives_what_it_hears(environment: dict[str, str], tmp_path: Path) -> None:
    samples = noisy(SECONDS + 1, seed=7)
    (tmp_path / "sound.raw").write_bytes(samples.astype("<i2").tobytes())
    command = [sys.executable, "-c", RECORD, str(tmp_path / "found.npy")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load(tmp_path / "found.npy"), samples[: SECONDS * RATE_HZ])
    assert "  0  played, 128 channels, 44100 Hz" in done.stdout
    assert "--device gramophone: there is no such microphone; expected one of 0 (played)" in done.stdout


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UserError, match=r"pip install 'earshot-kws\[live\]', or take a recording"):
        Microphone(RATE_HZ)
