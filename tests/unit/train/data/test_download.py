"""Downloads against a real HTTP server on loopback that resumes, cuts the line and misbehaves."""

import hashlib
import http.server
import io
import re
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.data import download

CONTENT = np.random.default_rng(1).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """What the server does; it notes the Range of every request."""

    content: bytes = CONTENT
    ranges: bool = True
    cut_after_bytes: list[int] = field(default_factory=list)  # one per request; then no more cuts
    statuses: list[int] = field(default_factory=list)  # errors for the first requests
    wrong_range: bool = False
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    behaviour = Behaviour()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            behaviour.asked.append(asked)
            if behaviour.statuses:
                self.send_error(behaviour.statuses.pop(0))
                return
            content, start = behaviour.content, 0
            if asked and behaviour.ranges:
                start = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1))
                if start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                shown = 0 if behaviour.wrong_range else start
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            sent = content[start:]
            if behaviour.cut_after_bytes:
                sent = sent[: behaviour.cut_after_bytes.pop(0)]
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        behaviour.url = f"http://127.0.0.1:{listening.server_port}/speech.bin"
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        monkeypatch.setattr(download, "BACKOFF_S", (0.0, 0.0, 0.0, 0.0))
        yield behaviour
        listening.shutdown()
        thread.join()


def test_a_whole_download(server: Behaviour, tmp_path: Path) -> None:
    target = tmp_path / "new" / "speech.bin"
    download.download(server.url, target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["speech.bin"]
    assert server.asked == [None]


def test_a_download_that_is_there_is_not_fetched_again(server: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "speech.bin").write_bytes(CONTENT)
    download.download(server.url, tmp_path / "speech.bin", SHA256)
    assert server.asked == []


def test_a_wrong_file_in_its_place_is_fetched_again(server: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "speech.bin").write_bytes(b"old")
    download.download(server.url, tmp_path / "speech.bin", SHA256)
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT


def test_cuts_are_resumed_where_they_happened(server: Behaviour, tmp_path: Path) -> None:
    server.cut_after_bytes = [1_000_000, 500_000]
    download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_the_next_run_goes_on_from_a_partial_file(server: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "speech.bin.part").write_bytes(CONTENT[:2_000_000])
    download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT
    assert server.asked == ["bytes=2000000-"]


@pytest.mark.parametrize("size_bytes", [None, len(CONTENT)])
def test_a_partial_file_that_is_complete(server: Behaviour, tmp_path: Path, size_bytes: int | None) -> None:
    (tmp_path / "speech.bin.part").write_bytes(CONTENT)
    download.download(server.url, tmp_path / "speech.bin", SHA256, size_bytes)
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_is_started_over(server: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "speech.bin.part").write_bytes(CONTENT + b"more")
    download.download(server.url, tmp_path / "speech.bin", SHA256)
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT


def test_a_server_that_ignores_range_starts_over(server: Behaviour, tmp_path: Path) -> None:
    server.ranges = False
    server.cut_after_bytes = [1_000_000]
    download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))
    assert (tmp_path / "speech.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-"]


def test_a_server_that_sends_another_part_is_refused(server: Behaviour, tmp_path: Path) -> None:
    server.wrong_range = True
    (tmp_path / "speech.bin.part").write_bytes(CONTENT[:2_000_000])
    with pytest.raises(UserError, match="another part"):
        download.download(server.url, tmp_path / "speech.bin", SHA256)


def test_a_line_that_brings_nothing_is_given_up_and_kept(server: Behaviour, tmp_path: Path) -> None:
    server.cut_after_bytes = [2_000_000] + [0] * 50
    with pytest.raises(UserError, match=r"gave up after 5 tries. 2 MB are kept"):
        download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))
    assert (tmp_path / "speech.bin.part").read_bytes() == CONTENT[:2_000_000]
    assert not (tmp_path / "speech.bin").exists()
    assert len(server.asked) == 6


def test_wrong_content_is_refused_and_removed(server: Behaviour, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(UserError, match=f"expected {SHA256}"):
        download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_another_size_is_refused_before_it_is_fetched(server: Behaviour, tmp_path: Path) -> None:
    server.content = b"<html>please log in</html>"
    with pytest.raises(UserError, match="offers 26 bytes, expected 3000000"):
        download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_not_tried_again(server: Behaviour, tmp_path: Path, status: int) -> None:
    server.statuses = [status] * 9
    with pytest.raises(UserError, match=f"the server says {status}"):
        download.download(server.url, tmp_path / "speech.bin", SHA256)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_tried_again(server: Behaviour, tmp_path: Path, status: int) -> None:
    server.statuses = [status, status]
    download.download(server.url, tmp_path / "speech.bin", SHA256)
    assert len(server.asked) == 3


def test_a_full_disk_is_said_before_fetching(
    server: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(UserError, match="needs 3 MB more and 1 MB are free"):
        download.download(server.url, tmp_path / "speech.bin", SHA256, len(CONTENT))


def test_nobody_listens(server: Behaviour, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no connection to the server .*refused"):
        download.download("http://127.0.0.1:9/x.bin", tmp_path / "x.bin", SHA256)


def test_no_network(server: Behaviour, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is there a network"):
        download.download("http://no-such-host.invalid/x.bin", tmp_path / "x.bin", SHA256)


def test_a_server_that_falls_silent(
    server: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(download, "BACKOFF_S", (0.0,))
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), None) as deaf:  # listens, never accepts
        url = f"http://127.0.0.1:{deaf.server_address[1]}/x.bin"
        with pytest.raises(UserError, match="no answer"):
            download.download(url, tmp_path / "x.bin", SHA256)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "speech.tar.gz"])
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="expected an address"):
        download.download(url, tmp_path / "x.bin", SHA256)


def test_a_folder_that_cannot_be_written(server: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write the download"):
        download.download(server.url, tmp_path / "file" / "speech.bin", SHA256)


def test_the_official_corpus_is_fetched_unpacked_and_found(
    server: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        clip = encode_wav(np.zeros(160, np.int16), 16000)
        info = tarfile.TarInfo("./yes/a_nohash_0.wav")
        info.size = len(clip)
        tar.addfile(info, io.BytesIO(clip))
    server.content = packed.getvalue()
    monkeypatch.setattr(download, "OFFICIAL_SHA256", hashlib.sha256(server.content).hexdigest())
    monkeypatch.setattr(download, "OFFICIAL_BYTES", len(server.content))
    assert download.official_corpus(tmp_path) is None
    corpus = download.download_official(tmp_path, server.url)
    assert (corpus / "yes" / "a_nohash_0.wav").is_file()
    assert download.official_corpus(tmp_path) == corpus
    assert download.download_official(tmp_path, "http://127.0.0.1:9/never-asked") == corpus
    assert not (tmp_path / "downloads").exists(), "nothing is left of the archive"
