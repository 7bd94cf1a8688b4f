"""Members of a zip archive."""

import contextlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from train.core.files.plain import open_plain
from train.core.files.zips import METHODS, open_zip
from train.data.archive.member import Member, refusal

_UTF8 = 0x800  # a flag of a member


def zip_members(archive: Path, most: int) -> Iterator[Member]:
    """The members in the order of the directory.

    Raises:
        UserError: one is neither file nor folder, or cannot be read.
        TooMuch: there are more than ``most``.
        zipfile.BadZipFile and others of ``zips.DAMAGE``: damaged, or cut.
    """
    position_bytes = 0
    with open_plain(archive) as file, open_zip(file, most) as package:
        for info in package.infolist():
            position_bytes += info.compress_size
            name = _name(info)
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refusal(archive, name, "it is a link, device or other special file")
            if info.flag_bits & 1:
                raise refusal(archive, name, "it is encrypted")
            if name.endswith("/"):
                yield Member(name, 0, position_bytes, None)
                continue
            if info.compress_type not in METHODS:
                raise refusal(
                    archive, name, "is packed by a rare method", "Pack it again, by the usual one (deflate)"
                )
            try:
                content = package.open(info)
            except NotImplementedError as error:
                raise refusal(archive, name, f"cannot be read ({error})") from error
            except ValueError as error:  # a place before the file begins
                raise zipfile.BadZipFile(str(error)) from error
            with content:
                yield Member(name, info.file_size, position_bytes, content)


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name as it was meant.

    Programs for Windows write backslashes between folders. Names that do not say that they are UTF-8 are
    read as code page 437; those from macOS and Linux are UTF-8 all the same.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")
