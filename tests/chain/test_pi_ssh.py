"""``earshot pi --host`` through a real ssh server on this computer, and what may go wrong there."""

import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from train.audio.wav import encode_wav

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
_PRIVILEGE_FOLDER = Path("/run/sshd")  # a server of root's wants it, though it separates nothing here
_START_S, _GONE_S = 10.0, 15.0

pytestmark = [
    pytest.mark.skipif(SSHD is None, reason="no sshd (Debian: apt-get install openssh-server)"),
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen (openssh-client)"),
]


class Server(NamedTuple):
    """A server, and a folder that stands for its /tmp."""

    login: str
    port: int
    folder: Path  # holds the keys and the client's configuration
    temporary: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client_config(folder: Path, name: str, *, key: str = "user_key", known: str = "known_hosts") -> Path:
    """A configuration of ssh that uses nothing of the user's own."""
    path = folder / name
    path.write_text(
        f"IdentityFile {folder / key}\nIdentitiesOnly yes\nIdentityAgent none\n"
        f"UserKnownHostsFile {folder / known}\nGlobalKnownHostsFile /dev/null\n"
        "StrictHostKeyChecking yes\nPreferredAuthentications publickey\n"
    )
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    folder, temporary = tmp_path_factory.mktemp("ssh"), tmp_path_factory.mktemp("remote")
    if os.geteuid() == 0 and not _PRIVILEGE_FOLDER.is_dir():
        _PRIVILEGE_FOLDER.mkdir()
    for name in ("host_key", "user_key", "other_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
    port = free_port()
    host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
    other_key = " ".join((folder / "other_key.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (folder / "changed_hosts").write_text(f"[127.0.0.1]:{port} {other_key}\n")
    (folder / "no_hosts").write_text("")
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host_key'}\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"SetEnv TMPDIR={temporary}\n"
    )
    assert SSHD is not None
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=log)
    try:
        wait_until(lambda: answers(port) or process.poll() is not None, _START_S)
        if process.poll() is not None:
            pytest.skip(f"sshd does not start: {(folder / 'sshd.log').read_text().strip()[-200:]}")
        yield Server(f"{getpass.getuser()}@127.0.0.1", port, folder, temporary)
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Whether it came to be so in time."""
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def graph(tmp_path) -> Path:
    """A graph with the challenge's interface and one product."""
    weights = np.random.default_rng(1).normal(0, 0.1, (16000, 12)).astype(np.float32)
    with tf.Graph().as_default() as made:
        wav = tf.compat.v1.placeholder(tf.string, [], name="wav_data")
        audio = tf.raw_ops.DecodeWav(
            contents=wav, desired_channels=1, desired_samples=16000, name="decoded_sample_data"
        ).audio
        product = tf.raw_ops.MatMul(a=tf.raw_ops.Reshape(tensor=audio, shape=[1, 16000]), b=weights)
        tf.raw_ops.Softmax(logits=product, name="labels_softmax")
    graph_def = made.as_graph_def()
    for node in graph_def.node:
        for name in {"grad_a", "grad_b"} & set(node.attr):
            del node.attr[name]
    path = tmp_path / "model.pb"
    path.write_bytes(graph_def.SerializeToString())
    return path


@pytest.fixture
def start_pi(start, server, graph) -> Callable[..., subprocess.Popen[str]]:
    """``start_pi("--runs", 5, config=...)``: the command, with this Python on the other side."""

    def run(*arguments: object, config: Path | None = None, port: int | None = None, python: object = None):
        config = config or client_config(server.folder, "config")
        return start(
            "hil", "pi", graph, "--host", server.login, "--port", port or server.port, "--ssh-config", config,
            "--python", python or sys.executable, "--engine", "numpy", *arguments,
        )  # fmt: skip

    return run


def test_timed_over_ssh(start_pi, server, graph):
    process = start_pi("--runs", 20)
    output, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    found = json.loads((graph.parent / "pi" / "remote.json").read_text())
    # This computer is no Pi, so what it measures is not called measured.
    assert found["label"] == "host"
    assert found["graph_bytes"] == graph.stat().st_size
    assert (found["flops"], found["memory_bytes"], found["timings_us"]["count"]) == (384000, 48, 20)
    assert found["verdict"]["rules"]["latency"]["kept"] is None
    assert "Timings (microseconds): count=20" in log
    assert "written" in output
    assert list(server.temporary.iterdir()) == []


def test_ctrl_c_leaves_nothing_behind(start_pi, server, graph):
    process = start_pi("--runs", 100_000_000)
    for line in process.stderr:
        if "Running benchmark for max 100000000" in line:
            break
    (folder,) = server.temporary.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["earshot_timer.pyz", "model.pb"]
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 130
    assert log.splitlines()[-1].startswith("error: stopped; nothing was left on")
    assert not (graph.parent / "pi").exists()
    assert list(server.temporary.iterdir()) == []


def test_a_connection_that_dies_leaves_nothing_behind(start_pi, server):
    process = start_pi("--runs", 100_000_000)
    for line in process.stderr:
        if "Running benchmark for max 100000000" in line:
            break
    assert len(list(server.temporary.iterdir())) == 1
    process.kill()  # nothing of ours is left here that could clean up
    process.communicate()
    assert wait_until(lambda: not list(server.temporary.iterdir()), _GONE_S)


def failure(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and the only line of the error."""
    _, log = process.communicate(timeout=60)
    lines = [line for line in log.splitlines() if line.strip() and "timer.py:" not in line]
    assert len(lines) == 1, log
    assert lines[0].startswith("error: ")
    return process.returncode, lines[0]


def test_nobody_listens(start_pi):
    code, line = failure(start_pi(port=free_port()))
    assert code == 3
    assert "no ssh server answers" in line


def test_no_key_is_accepted(start_pi, server):
    code, line = failure(start_pi(config=client_config(server.folder, "other", key="other_key")))
    assert code == 3
    assert f"ssh-copy-id -p {server.port} {server.login}" in line


def test_host_key_is_not_known(start_pi, server):
    code, line = failure(start_pi(config=client_config(server.folder, "unknown", known="no_hosts")))
    assert code == 3
    assert "log in once by hand" in line


def test_host_key_has_changed(start_pi, server):
    code, line = failure(start_pi(config=client_config(server.folder, "changed", known="changed_hosts")))
    assert code == 3
    assert "ssh-keygen -R" in line


def test_no_python(start_pi):
    code, line = failure(start_pi(python="python9"))
    assert code == 4
    assert "there is no python9; install it: sudo apt-get install python3" in line


def test_no_numpy(start_pi, tmp_path):
    bare = tmp_path / "bare python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    code, line = failure(start_pi(python=bare))
    assert code == 4
    assert "has no NumPy; install it: sudo apt-get install python3-numpy" in line


def test_no_tensorflow(start_pi, tmp_path):
    """With NumPy alone, asked for TensorFlow."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('not installed')\n")
    without = tmp_path / "python"
    without.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"\n')
    without.chmod(0o755)
    process = start_pi("--engine", "tensorflow", python=without)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "model.pb: there is no TensorFlow here (not installed); leave out --engine" in log.splitlines()[-1]
    process = start_pi("--engine", "auto", "--runs", 2, python=without)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert "There is none; NumPy takes its place." in log


def test_disk_is_full(start_pi, server):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", server.temporary], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs to mount a small disk, which only root may")
    try:
        code, line = failure(start_pi())
        left = list(server.temporary.iterdir())
    finally:
        subprocess.run(["umount", server.temporary], check=True)
    assert code == 4
    assert "bytes could not be copied there (the disk is full); make room in its /tmp" in line
    assert left == []


@pytest.fixture
def start_submission(start_pi, graph, tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """The command on 6,000 clips, of which few are different."""
    (graph.parent / "labels.txt").write_text("\n".join(["_silence_", *(f"word{n}" for n in range(11))]))
    clips = tmp_path / "clips of the Pi"
    clips.mkdir()
    for number in range(20):
        samples = np.random.default_rng(number).integers(-9000, 9000, 16000).astype(np.int16)
        (tmp_path / f"{number}.wav").write_bytes(encode_wav(samples, 16000))
    for number in range(6000):
        (clips / f"{number:04}.wav").symlink_to(tmp_path / f"{number % 20}.wav")

    def run(name: str, folder: Path = clips, **options: object) -> subprocess.Popen[str]:
        return start_pi("--submission", folder, "--out", tmp_path / name, **options)

    return run


def wait_for_rows(path: Path, count: int) -> None:
    assert wait_until(lambda: path.is_file() and path.read_bytes().count(b"\n") > count, 60)


@pytest.mark.slow
def test_submission_over_ssh_goes_on_after_ctrl_c_and_a_lost_connection(start_submission, server, tmp_path):
    process = start_submission("whole.csv")
    output, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert "rows     6,000: " in output
    assert "clips/s over 6,000 (host), NumPy" in output

    cut, part = tmp_path / "cut.csv", tmp_path / "cut.csv.part"
    process = start_submission("cut.csv")
    wait_for_rows(part, 100)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(
        r"^error: stopped; [\d,]+ rows are kept in .*cut\.csv\.part: the same command", log, re.M
    )
    assert wait_until(lambda: not list(server.temporary.iterdir()), _GONE_S)
    kept = part.read_bytes()

    process = start_submission("cut.csv")
    wait_for_rows(part, kept.count(b"\n") + 100)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (client,) = (each for each in children if Path(f"/proc/{each}/comm").read_text() == "ssh\n")
    os.kill(int(client), signal.SIGKILL)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 3, log
    assert re.search(
        r"^error: .*the connection failed or was lost \(.*; [\d,]+ rows are kept in .*$", log, re.M
    )
    assert part.read_bytes().startswith(kept)
    assert wait_until(lambda: not list(server.temporary.iterdir()), _GONE_S)

    process = start_submission("cut.csv")
    _, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert "going on behind row" in log
    assert cut.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not part.exists()
    assert list(server.temporary.iterdir()) == []


def test_submission_of_a_folder_that_the_host_has_not(start_submission, server):
    code, line = failure(start_submission("out.csv", folder=Path("nowhere/at all")))
    assert code == 2
    assert f"{server.login}:nowhere/at all: cannot be read (No such file or directory)" in line
