"""Unpacking: what comes out, what is reused, and everything that must be refused."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.data import archive

CLIP = encode_wav(np.arange(160, dtype=np.int16), 16000)
CORPUS = {
    "yes/a_nohash_0.wav": CLIP,
    "no/b_nohash_0.wav": CLIP,
    "_background_noise_/hiss.wav": CLIP,
    "README.md": b"x",
}


def make_tar(
    path: Path, files: dict[str, bytes], mode: str = "w:gz", extra: list[tarfile.TarInfo] = ()
) -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_refused(packed: Path, tmp_path: Path, *said: str) -> None:
    """Refused with a message that says all of ``said``, and nothing is left in or outside the cache."""
    before = tree(tmp_path)
    with pytest.raises(UserError) as caught:
        archive.extract(packed, tmp_path / "cache")
    for text in (packed.name, *said):
        assert text in str(caught.value)
    assert tree(tmp_path) == before
    corpora = tmp_path / "cache" / "corpora"
    assert not corpora.exists() or not list(corpora.iterdir())


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        (".tar.gz", "w:gz"),
        (".tgz", "w:gz"),
        (".tar.xz", "w:xz"),
        (".tar.bz2", "w:bz2"),
        (".tar", "w"),
        (".zip", None),
    ],
)
def test_every_kind_unpacks_to_the_same_files(tmp_path: Path, suffix: str, mode: str | None) -> None:
    packed = tmp_path / f"speech{suffix}"
    make_tar(packed, CORPUS, mode) if mode else make_zip(packed, CORPUS)
    root = archive.extract(packed, tmp_path / "cache")
    assert tree(root) == CORPUS
    assert root.name.startswith("speech-")


def test_second_time_is_the_same_folder_and_unpacks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = make_tar(tmp_path / "speech.tar.gz", CORPUS)
    first = archive.extract(packed, tmp_path / "cache")
    monkeypatch.setattr(archive, "_unpack", lambda *_: pytest.fail("unpacked again"))
    assert archive.extract(packed, tmp_path / "cache") == first


def test_a_changed_archive_gets_another_folder(tmp_path: Path) -> None:
    packed = make_tar(tmp_path / "speech.tar.gz", CORPUS)
    first = archive.extract(packed, tmp_path / "cache")
    make_tar(packed, CORPUS | {"up/c.wav": CLIP})
    assert archive.extract(packed, tmp_path / "cache") != first


def test_the_root_is_the_shallowest_folder_of_word_folders(tmp_path: Path) -> None:
    nested = {f"top/v2/{name}": content for name, content in CORPUS.items()}
    root = archive.extract(make_zip(tmp_path / "n.zip", nested), tmp_path / "cache")
    assert root.parts[-2:] == ("top", "v2")
    assert (root / "yes").is_dir()


def test_names_with_a_leading_dot_slash_and_bookkeeping_of_macos(tmp_path: Path) -> None:
    files = {f"./{name}": content for name, content in CORPUS.items()}
    files |= {"./yes/._a_nohash_0.wav": b"junk", "__MACOSX/yes/x.wav": b"junk", "yes/.DS_Store": b"junk"}
    assert tree(archive.extract(make_tar(tmp_path / "m.tgz", files), tmp_path / "cache")) == CORPUS


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../escaped.wav", "leads out"),
        ("yes/../../escaped.wav", "leads out"),
        ("/tmp/earshot-escaped.wav", "absolute"),
        ("C:/escaped.wav", "drive letter"),
        ("C:escaped.wav", "drive letter"),
        ("yes\\..\\..\\escaped.wav", "backslash"),
        ("yes/a_nohash_0.wav", "earlier member"),
        ("yes/./a_nohash_0.wav", "earlier member"),
        ("yes/a_nohash_0.wav/x.wav", "earlier member"),
        ("yes", "earlier member"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_a_trick_refuses_the_whole_archive(
    tmp_path: Path, make: Callable[..., Path], name: str, said: str
) -> None:
    packed = tmp_path / ("bad.tar.gz" if make is make_tar else "bad.zip")
    if make is make_zip and "\\" in name:  # programs for Windows separate folders so
        name, said = name.replace("\\", "/"), "leads out"
    if make is make_tar:
        with tarfile.open(packed, "w:gz") as tar:
            for member in (*CORPUS, name):
                info = tarfile.TarInfo(member)
                info.size = len(CLIP)
                tar.addfile(info, io.BytesIO(CLIP))
    else:
        with zipfile.ZipFile(packed, "w") as package:
            for member in (*CORPUS, name):
                package.writestr(member, CLIP)
    assert_refused(packed, tmp_path, repr(name), said)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("yes/trap")
    info.type, info.linkname = kind, "../../../outside"
    assert_refused(make_tar(tmp_path / "l.tar.gz", CORPUS, extra=[info]), tmp_path, "yes/trap", "it is a")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "l.zip", CORPUS)
    info = zipfile.ZipInfo("yes/trap")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "a") as package:
        package.writestr(info, "/etc/passwd")
    assert_refused(packed, tmp_path, "yes/trap", "link")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "e.zip", {"yes/a.wav": CLIP})
    data = bytearray(packed.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    packed.write_bytes(data)
    assert_refused(packed, tmp_path, "encrypted")


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_a_bomb_is_refused_by_its_declared_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    files = CORPUS | {"yes/bomb.wav": bytes(3_000_000)}
    packed = tmp_path / f"bomb{suffix}"
    make_zip(packed, files) if suffix == ".zip" else make_tar(packed, files)
    assert packed.stat().st_size < 10_000
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 2_000_000)
    assert_refused(packed, tmp_path, "unpacks to", "GB")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    assert_refused(make_tar(tmp_path / "many.tar.gz", CORPUS), tmp_path, "4 members")


def test_a_disk_without_room_is_said_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = make_tar(tmp_path / "s.tar.gz", CORPUS)
    monkeypatch.setattr(archive, "_SPARE_DISK_BYTES", 1 << 60)
    assert_refused(packed, tmp_path, "no room", "MB are free", "EARSHOT_CACHE")


@pytest.mark.parametrize(
    ("suffix", "mode"), [(".tar.gz", "w:gz"), (".tar.xz", "w:xz"), (".tar", "w"), (".zip", None)]
)
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_truncated_archive_is_damaged(tmp_path: Path, suffix: str, mode: str | None, kept: float) -> None:
    rng = np.random.default_rng(0)
    files = {
        f"yes/{n}.wav": encode_wav(rng.integers(-99, 99, 999).astype(np.int16), 16000) for n in range(40)
    }
    packed = tmp_path / f"cut{suffix}"
    make_tar(packed, files, mode) if mode else make_zip(packed, files)
    data = packed.read_bytes()
    # tar pads with zeros to 10 kB; cut the part that carries the members
    packed.write_bytes(data[: int(kept * min(len(data), 40 * 2560))])
    assert_refused(packed, tmp_path, "damaged")


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.xz", ".zip"])
def test_a_flipped_bit_is_damaged(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(-9999, 9999, 9999).astype(np.int16)
    packed = tmp_path / f"flip{suffix}"
    files = {"yes/a.wav": encode_wav(noise, 16000)}
    modes = {".tar.gz": "w:gz", ".tar.xz": "w:xz"}
    make_zip(packed, files) if suffix == ".zip" else make_tar(packed, files, modes[suffix])
    data = bytearray(packed.read_bytes())
    data[len(data) // 2] ^= 0x10
    packed.write_bytes(data)
    assert_refused(packed, tmp_path, "damaged")


def test_a_broken_header_in_a_plain_tar_does_not_end_it_in_silence(tmp_path: Path) -> None:
    packed = make_tar(tmp_path / "h.tar", CORPUS, "w")
    data = bytearray(packed.read_bytes())
    data[data.index(b"no/b_nohash_0.wav")] ^= 1  # its checksum is wrong now
    packed.write_bytes(data)
    assert_refused(packed, tmp_path, "damaged")


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip", ".tar"])
def test_a_file_that_is_no_archive_at_all(tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / f"page{suffix}"
    packed.write_text("<html>please log in</html>" * 100)
    assert_refused(packed, tmp_path, "not what its name says")


def test_other_kinds_are_named_with_what_is_accepted(tmp_path: Path) -> None:
    packed = tmp_path / "speech.rar"
    packed.write_bytes(b"Rar!")
    assert_refused(packed, tmp_path, ".tar.gz", ".zip")


def test_a_missing_archive(tmp_path: Path) -> None:
    assert_refused(tmp_path / "gone.zip", tmp_path, "No such file")


def test_an_archive_without_a_corpus(tmp_path: Path) -> None:
    assert_refused(make_tar(tmp_path / "c.tar.gz", {"src/main.c": b"int x;"}), tmp_path, "folder per word")


def test_an_interruption_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = make_tar(tmp_path / "s.tar.gz", CORPUS)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive.shutil, "copyfileobj", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive.extract(packed, tmp_path / "cache")
    assert not list((tmp_path / "cache" / "corpora").iterdir())
    assert tree(archive.extract(packed, tmp_path / "cache")) == CORPUS


def rename_in_zip(packed: Path, names: dict[bytes, bytes]) -> Path:
    """Other names of the same length in bytes, as other programs write them."""
    data = packed.read_bytes()
    for name, other in names.items():
        assert len(name) == len(other)
        data = data.replace(name, other)
    packed.write_bytes(data)
    return packed


def test_a_zip_made_on_windows(tmp_path: Path) -> None:
    packed = tmp_path / "w.zip"
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("Aufnahmen\\", b"")
        package.writestr("Aufnahmen\\yes\\", b"")
        for name, content in CORPUS.items():
            package.writestr("Aufnahmen\\" + name.replace("/", "\\"), content)
        package.writestr("Aufnahmen\\yes\\Thumbs.db", b"junk")
        package.writestr("Aufnahmen\\desktop.ini", b"junk")
    root = archive.extract(packed, tmp_path / "cache")
    assert tree(root) == CORPUS
    assert root.name == "Aufnahmen"


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("größe".encode("cp437"), "größe"),  # Windows of Western Europe: the same in code page 850
        ("größe".encode(), "größe"),  # macOS and Linux, without saying that it is UTF-8
    ],
    ids=["cp437", "UTF-8"],
)
def test_names_in_a_zip_are_read_as_they_were_meant(raw: bytes, seen: str, tmp_path: Path) -> None:
    place = b"x" * len(raw)
    packed = make_zip(tmp_path / "n.zip", {f"{place.decode()}/a.wav": CLIP, "no/a.wav": CLIP})
    root = archive.extract(rename_in_zip(packed, {place: raw}), tmp_path / "cache")
    assert {path.name for path in root.iterdir()} == {seen, "no"}


@pytest.mark.parametrize("name", ["c.7z", "c.rar", "c.tar.zst"])
def test_archives_of_other_programs_are_told_how(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(UserError, match=r"or a folder: unpack it with the program that made it, such as"):
        archive.extract(tmp_path / name, tmp_path / "cache")


@pytest.mark.parametrize(("name", "make"), [("c.zip", make_tar), ("c.tar.gz", make_zip), ("c.tar", make_zip)])
def test_what_it_is_counts_and_not_its_name(name: str, make: Callable, tmp_path: Path) -> None:
    root = archive.extract(make(tmp_path / name, CORPUS), tmp_path / "cache")
    assert tree(root) == CORPUS


def test_one_recording_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "yes.wav").write_bytes(CLIP)
    assert_refused(tmp_path / "yes.wav", tmp_path, "is one recording; expected a folder")
