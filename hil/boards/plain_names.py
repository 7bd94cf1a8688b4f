"""Names that build and flash tools take as they are.

CMake splits at ``;`` and expands ``$<``, make expands ``$`` and ``#``, GCC splits what it hands to the linker
at commas, OpenOCD's Tcl has rules of its own. A place whose name could mean something to one of them gets a
second name, a link in the cache, which means nothing to any. It stays the same from build to build.
"""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from train.core.console import printable
from train.core.errors import UserError
from train.core.installation import cache_root

_PLAIN = re.compile(r"[\w/.+-]+")  # \w: letters and digits of any script; a Windows path is linked
_LINKS = "places"


def plain(place: Path) -> Path:
    """An absolute path to a file or folder that no tool takes for anything but a path.

    Args:
        place: need not be there yet.
    Raises:
        UserError: it needs a link, and there is no place for one.
    """
    absolute = place.resolve()
    if _is_plain(absolute):
        return absolute
    link = _links(absolute) / hashlib.sha256(os.fsencode(absolute)).hexdigest()[:16]
    try:
        if not link.is_symlink():
            link.symlink_to(absolute)
    except FileExistsError:
        pass  # by another build, to the same place
    except OSError as error:
        raise UserError(
            f"{printable(str(place))}: has a name that build tools misread, and a link to it cannot be made "
            f"({link.parent}: {error.strerror}); rename it: letters, digits, . _ + and - are safe"
        ) from error
    return link


def _is_plain(path: Path) -> bool:
    return _PLAIN.fullmatch(str(path)) is not None


def _links(place: Path) -> Path:
    """The folder of the links: in the cache, or where the cache has such a name itself, beside /tmp."""
    folder = cache_root().resolve() / _LINKS
    if not _is_plain(folder):
        folder = Path(tempfile.gettempdir()).resolve() / f"earshot-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; set EARSHOT_CACHE to a folder of yours") from error
    about = folder.lstat()
    is_ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
    if not is_ours or not _is_plain(folder):
        raise UserError(
            f"{printable(str(place))}: has a name that build tools misread, and {printable(str(folder))} is "
            "no place for a link to it; set EARSHOT_CACHE to a folder of yours with a plain name"
        )
    return folder
