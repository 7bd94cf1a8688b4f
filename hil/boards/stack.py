"""The deepest stack a firmware can need, read off its machine code.

The linked image is the witness, not the compiler's call graph: it holds what was linked and
nothing else, with the C library, tail calls and assembly, which -fcallgraph-info does not see.
tests/emulator compares the frames found here with GCC's -fstack-usage.
"""

import bisect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from train.core.errors import UserError

# What the core pushes on an interrupt (Armv7-M and Armv8-M, "exception entry"): r0-r3, r12, lr, pc,
# psr; with a floating-point unit 18 words more; and a word where the stack was not a multiple of 8.
EXCEPTION_FRAME_BYTES = 8 * 4 + 4
FLOATING_POINT_FRAME_BYTES = 26 * 4 + 4

# Who calls through pointers, and how the names of all that they may point to begin: the engine's
# tiles (codegen/ops/_convolution.py), which it names in its params.
_POINTERS = {"kws_conv_s8": "tile_", "kws_depthwise_conv_s8": "tile_"}

_WORD_BYTES, _DOUBLE_BYTES, _VECTOR_BYTES = 4, 8, 16

_LABEL = re.compile(r"^(?P<address>[0-9a-f]+) <(?P<name>.+)>:$")
_INSTRUCTION = re.compile(
    r"^ *(?P<address>[0-9a-f]+):\t(?:[0-9a-f]{4}(?: [0-9a-f]{4})?|[0-9a-f]{8}) *\t(?P<mnemonic>\S+)"
    r"(?:\t(?P<operands>[^@;]*))?"
)
_DATA = re.compile(r"^ *[0-9a-f]+:\t(?P<bytes>(?:[0-9a-f]{2} )+)")
_TARGET = re.compile(r"(?P<address>[0-9a-f]+) <[^<>]+>$")
_REGISTER_RANGE = re.compile(r"^(?P<kind>[rsdq])(?P<first>\d+)-(?:[rsdq])(?P<last>\d+)$")
_CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al"
_BRANCH = re.compile(rf"^(?:bl?x?(?:{_CONDITIONS})?|cbn?z)(?:\.[nw])?$")
_RESERVE = re.compile(r"^sub\S*\tsp,.*#(\d+)$")
_PUSH = re.compile(rf"^(?:push|vpush|stmdb|vstmdb|stmfd)(?:{_CONDITIONS})?(?:\.[nw])?$")
# Gives memory back, or only looks at the stack pointer.
_RELEASE = re.compile(r"^(?:add\S*\tsp,.*#\d+$|v?ldm\S*\tsp!|cmp\S*\tsp,)")
_SETS_SP = re.compile(r"^(?:\S+\tsp\b|msr\t[MP]SP)")


@dataclass
class Function:
    """What one function does to the stack.

    Attributes:
        frame_bytes: all that it pushes and reserves, each once, whether or not on the same path.
        calls: functions it may call or go on in.
        faults: why its stack is not bounded by these; empty where it is.
    """

    name: str
    address: int
    frame_bytes: int = 0
    calls: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StackBound:
    """The worst case: the deepest path from reset, and on top of it the deepest interrupt.

    Interrupts do not nest: all have the priority of reset (startup.c), and after a fault there
    is no way back.

    Attributes:
        bytes: the whole.
        path: functions from reset down, each with its frame.
        interrupt_path: those of the interrupt handler; its frames come behind exception_frame_bytes.
    """

    bytes: int
    path: tuple[tuple[str, int], ...]
    interrupt_path: tuple[tuple[str, int], ...]
    exception_frame_bytes: int


def worst_stack(disassembly: str, has_floating_point: bool) -> StackBound:
    """The worst case of an image.

    Args:
        disassembly: of ``objdump --disassemble --disassemble-zeroes``; the vector table comes first.
        has_floating_point: whether the code uses floating-point registers, which interrupts then save.
    Raises:
        UserError: recursion, a call through a pointer that _POINTERS does not account for, a frame
            whose size depends on data, or no vector table.
    """
    functions, vectors = read_functions(disassembly)
    if len(vectors) < 2:
        raise UserError("the image does not begin with a vector table; expected the sections of sections.ld")
    by_address = {function.address: function.name for function in functions.values()}
    _, reset, *others = vectors
    handlers = {_at(by_address, vector) for vector in others if vector}
    depth = _Depths(functions)
    path = depth.deepest([_at(by_address, reset)])
    interrupt_path = depth.deepest(sorted(handlers))
    frame_bytes = FLOATING_POINT_FRAME_BYTES if has_floating_point else EXCEPTION_FRAME_BYTES
    total_bytes = _sum(path) + (frame_bytes + _sum(interrupt_path) if handlers else 0)
    return StackBound(total_bytes, path, interrupt_path, frame_bytes)


def read_functions(disassembly: str) -> tuple[dict[str, Function], list[int]]:
    """Functions by name, and the words of the vector table.

    Where several static functions share a name, all but the first are ``name@address``.
    """
    names = _names(disassembly)
    functions: dict[str, Function] = {}
    vectors = bytearray()
    address = 0
    for line in disassembly.splitlines():
        if label := _LABEL.match(line):
            address = int(label["address"], 16)
        elif found := _INSTRUCTION.match(line):
            mnemonic, operands = found["mnemonic"], (found["operands"] or "").strip()
            if mnemonic.startswith("."):  # constants between the instructions
                continue
            function = functions.setdefault(names[address], Function(names[address], address))
            if _BRANCH.match(mnemonic):
                _account_branch(function, mnemonic, operands, names)
            else:
                _account_memory(function, mnemonic, operands)
        elif not functions and (data := _DATA.match(line)):
            vectors += bytes.fromhex(data["bytes"])
    for caller, prefix in _POINTERS.items():
        if caller in functions:
            functions[caller].calls |= {name for name in functions if name.startswith(prefix)}
    words = [int.from_bytes(vectors[start : start + 4], "little") for start in range(0, len(vectors), 4)]
    return functions, words


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


def _account_memory(function: Function, mnemonic: str, operands: str) -> None:
    """Add what one instruction takes of the stack."""
    instruction = f"{mnemonic}\t{operands}"
    if _PUSH.match(mnemonic) and ("push" in mnemonic or operands.startswith("sp!")):
        function.frame_bytes += _pushed_bytes(operands)
    elif found := re.search(r"\[sp, #-(\d+)\]!$", operands) or _RESERVE.match(instruction):
        function.frame_bytes += int(found[1])
    elif _SETS_SP.match(instruction) and not _RELEASE.match(instruction):
        function.faults.append(f"sets the stack pointer ({mnemonic} {operands})")
    elif re.match(r"pc\b", operands) and "[sp]" not in operands and "lr" not in operands:
        function.faults.append(f"goes where a register says ({mnemonic} {operands})")


def _account_branch(function: Function, mnemonic: str, operands: str, names: Mapping[int, str]) -> None:
    """Add where one branch leads, unless it stays in the function or returns."""
    target = _TARGET.search(operands)
    if target is None:
        if operands != "lr" and function.name not in _POINTERS:
            function.faults.append(f"calls through a pointer ({mnemonic} {operands})")
        return
    destination = int(target["address"], 16)
    starts = list(names)
    callee = names[starts[bisect.bisect_right(starts, destination) - 1]]
    if callee != function.name or (destination == function.address and mnemonic.startswith("bl")):
        function.calls.add(callee)


def _pushed_bytes(operands: str) -> int:
    registers = operands[operands.index("{") + 1 : operands.index("}")]
    total = 0
    for part in registers.split(","):
        part = part.strip()
        span = _REGISTER_RANGE.match(part)
        count = int(span["last"]) - int(span["first"]) + 1 if span else 1
        sizes = {"d": _DOUBLE_BYTES, "q": _VECTOR_BYTES}
        total += count * sizes.get(part[0], _WORD_BYTES)
    return total


class _Depths:
    """Deepest paths of a call graph without cycles, each function looked at once."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self._paths: dict[str, tuple[tuple[str, int], ...]] = {}
        self._open: list[str] = []

    def deepest(self, names: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """The deepest of the paths that begin with one of the names."""
        return max((self._path(name) for name in names), key=_sum, default=())

    def _path(self, name: str) -> tuple[tuple[str, int], ...]:
        if name in self._paths:
            return self._paths[name]
        if name in self._open:
            cycle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise UserError(f"the stack is not bounded: {cycle} is a recursion; write it as a loop")
        function = self._functions.get(name)
        if function is None:
            raise UserError(f"the stack is not bounded: the code of {name} is not in the image")
        if function.faults:
            raise UserError(
                f"the stack is not bounded: {name} {function.faults[0]}; expected calls by name and "
                "frames of fixed size"
            )
        self._open.append(name)
        path = ((name, function.frame_bytes), *self.deepest(sorted(function.calls)))
        self._open.pop()
        self._paths[name] = path
        return path


def _sum(path: Iterable[tuple[str, int]]) -> int:
    return sum(frame_bytes for _, frame_bytes in path)


def _at(names: Mapping[int, str], vector: int) -> str:
    address = vector & ~1  # the lowest bit says Thumb
    if address not in names:
        raise UserError(f"the vector table names {address:#x}, where no function is")
    return names[address]
