"""Functions of an image, as objdump shows them: what they take of the stack, and whom they call."""

import bisect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# Who calls through pointers, and how the names of all that they may point to begin: the engine's
# tiles (codegen/ops/_convolution.py), which it names in its params.
POINTERS = {"kws_conv_s8": "tile_", "kws_depthwise_conv_s8": "tile_", "compute_edges": "tile_"}

_LABEL = re.compile(r"^(?P<address>[0-9a-f]+) <(?P<name>.+)>:$")
_INSTRUCTION = re.compile(
    r"^ *(?P<address>[0-9a-f]+):\t(?:[0-9a-f]{4}(?: [0-9a-f]{4})?|[0-9a-f]{8}) *\t(?P<mnemonic>\S+)"
    r"(?:\t(?P<operands>.*))?"
)
_DATA = re.compile(r"^ *[0-9a-f]+:\t(?P<bytes>(?:[0-9a-f]{2} )+)")
_TARGET = re.compile(r"(?P<address>[0-9a-f]+) <[^<>]+>$")


@dataclass
class Function:
    """What one function does to the stack.

    Attributes:
        frame_bytes: all that it pushes and reserves, each once, whether or not on the same path.
        calls: functions it may call or go on in.
        faults: why its stack is not bounded by these; empty where it is.
        constants: registers that hold a number, where the machine code needs them for large frames.
        return_register: holds the return address, which was just taken off the stack; "" for none.
    """

    name: str
    address: int
    frame_bytes: int = 0
    calls: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    constants: dict[str, int] = field(default_factory=dict)
    return_register: str = ""


@dataclass(frozen=True)
class Roots:
    """Where the core begins of itself.

    Attributes:
        reset: the function that runs first.
        handlers: those of interrupts and faults.
        exception_frame_bytes: what the core pushes before a handler.
    """

    reset: str
    handlers: tuple[str, ...]
    exception_frame_bytes: int


class Core(Protocol):
    """How the machine code of a kind of core is read."""

    @staticmethod
    def account(function: Function, mnemonic: str, operands: str, names: Mapping[int, str]) -> None:
        """Add to ``function`` what one of its instructions does; ``names`` are those of all functions."""

    @staticmethod
    def roots(functions: Mapping[str, Function], first_data: bytes, has_floating_point: bool) -> Roots:
        """Where the core begins.

        Args:
            first_data: what lies in the image before the first instruction.
        Raises:
            UserError: that cannot be found out.
        """


def read_functions(disassembly: str, core: type[Core]) -> tuple[dict[str, Function], bytes]:
    """Functions by name, and the data before the first of them.

    Where several static functions share a name, all but the first are ``name@address``.

    Args:
        disassembly: of ``objdump --disassemble --disassemble-zeroes``.
    """
    names = _names(disassembly)
    functions: dict[str, Function] = {}
    first_data = bytearray()
    address = 0
    for line in disassembly.splitlines():
        if label := _LABEL.match(line):
            address = int(label["address"], 16)
        elif found := _INSTRUCTION.match(line):
            mnemonic, operands = found["mnemonic"], (found["operands"] or "").strip()
            if mnemonic.startswith("."):  # constants between the instructions
                continue
            function = functions.setdefault(names[address], Function(names[address], address))
            core.account(function, mnemonic, operands, names)
        elif not functions and (data := _DATA.match(line)):
            first_data += bytes.fromhex(data["bytes"])
    for caller, prefix in POINTERS.items():
        if caller in functions:
            functions[caller].calls |= {name for name in functions if name.startswith(prefix)}
    return functions, bytes(first_data)


def account_call(function: Function, operands: str, names: Mapping[int, str], links: bool) -> bool:
    """Add where a branch leads, unless it stays in the function; False where it names no place.

    Args:
        links: whether it is a call, so that one to the function itself is a recursion, and no loop.
    """
    target = _TARGET.search(operands)
    if target is None:
        return False
    destination = int(target["address"], 16)
    starts: Sequence[int] = list(names)
    callee = names[starts[bisect.bisect_right(starts, destination) - 1]]
    if callee != function.name or (destination == function.address and links):
        function.calls.add(callee)
    return True


def _names(disassembly: str) -> dict[int, str]:
    """Names by address, in the order of addresses, no two alike."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for line in disassembly.splitlines():
        if label := _LABEL.match(line):
            name = f"{label['name']}@{label['address']}" if label["name"] in taken else label["name"]
            names[int(label["address"], 16)] = name
            taken.add(name)
    return names
