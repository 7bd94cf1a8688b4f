"""What result files share: a version, and a reader that tells what is wrong and what makes the file again."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from train.core import runfolder
from train.core.errors import UserError, check_version
from train.core.typed_json import Json, Mismatch, decode, encode, read

_VERSION_KEY = "version"


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A JSON file of a run. Fields that a reader does not know are passed over; those it knows must be there.

    Attributes:
        VERSION: changes where fields change so that an older reader would take the file wrongly. Files
            without one, of Earshot 0.1, are read as version 1.
    """

    VERSION: ClassVar[int] = 1

    @classmethod
    def made_by(cls, path: Path) -> str:
        """The command that makes this file."""
        raise NotImplementedError

    @classmethod
    def of_version(cls, content: dict[str, Json], version: int) -> dict[str, Json]:
        """The content of a file of an older version, or of this one, as this version has it."""
        return content

    @classmethod
    def without_version(cls, content: Json) -> Json:
        """The content of a file without a version, as version 1 has it."""
        return content

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        runfolder.write_json(path, {_VERSION_KEY: self.VERSION, **encode(self)})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The content of the file.

        Raises:
            UserError: it is missing, not JSON, of a newer Earshot, or not as ``write`` wrote it.
        """
        try:
            content = read(path)
            return cls.of(cls._of_this_version(content, path), str(path))
        except FileNotFoundError as error:
            raise UserError(f"{path}: there is no such file; make it with: {cls.made_by(path)}") from error
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
        except Mismatch as error:
            raise UserError(f"{error}; make it again with: {cls.made_by(path)}") from error

    @classmethod
    def of(cls, content: Json, where: str) -> Self:
        """The dataclass of what JSON holds.

        Raises:
            Mismatch: a field is missing or of another type.
        """
        return decode(cls, content, where)

    @classmethod
    def _of_this_version(cls, content: Json, path: Path) -> Json:
        if not isinstance(content, dict) or _VERSION_KEY not in content:
            return cls.without_version(content)
        version = content[_VERSION_KEY]
        check_version(version, cls.VERSION, str(path), f"make it again with: {cls.made_by(path)}")
        fields = {name: value for name, value in content.items() if name != _VERSION_KEY}
        return cls.of_version(fields, version)
