"""The machine code of Cortex-M: Armv6-M, Armv7-M and Armv8-M."""

import re
from collections.abc import Mapping

from hil.boards.machine_code import POINTERS, Function, Roots, account_call
from train.core.errors import UserError

# What the core pushes on an interrupt (Armv6-M to Armv8-M, "exception entry"): r0-r3, r12, lr, pc,
# psr; with a floating-point unit 18 words more; and a word where the stack was not a multiple of 8.
EXCEPTION_FRAME_BYTES = 8 * 4 + 4
FLOATING_POINT_FRAME_BYTES = 26 * 4 + 4

_WORD_BYTES, _DOUBLE_BYTES, _VECTOR_BYTES = 4, 8, 16
_REGISTER_RANGE = re.compile(r"^(?P<kind>[rsdq])(?P<first>\d+)-(?:[rsdq])(?P<last>\d+)$")
_CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al"
_BRANCH = re.compile(rf"^(?:bl?x?(?:{_CONDITIONS})?|cbn?z)(?:\.[nw])?$")
_RESERVE = re.compile(r"^sub\S*\tsp,.*#(\d+)$")
_PUSH = re.compile(rf"^(?:push|vpush|stmdb|vstmdb|stmfd)(?:{_CONDITIONS})?(?:\.[nw])?$")
# Gives memory back, or only looks at the stack pointer.
_RELEASE = re.compile(r"^(?:add\S*\tsp,.*#\d+$|v?ldm\S*\tsp!|cmp\S*\tsp,)")
# Armv6-M returns so where it was handed arguments on the stack: pop {r3}; add sp, #8; bx r3.
_POP_ONE = re.compile(r"^pop\t\{(r[0-7])\}$")
_SETS_SP = re.compile(r"^(?:\S+\tsp\b|msr\t[MP]SP)")


class ArmCode:
    """See ``machine_code.Core``."""

    @staticmethod
    def account(function: Function, mnemonic: str, operands: str, names: Mapping[int, str]) -> None:
        operands = re.split("[@;]", operands)[0].strip()
        if not _BRANCH.match(mnemonic):
            if popped := _POP_ONE.match(f"{mnemonic}\t{operands}"):
                function.return_register = popped[1]
            elif not _RELEASE.match(f"{mnemonic}\t{operands}"):
                function.return_register = ""
            _account_memory(function, mnemonic, operands)
            return
        is_known = account_call(function, operands, names, links=mnemonic.startswith("bl"))
        is_return = operands in ("lr", function.return_register)
        if not is_known and not is_return and function.name not in POINTERS:
            function.faults.append(f"calls through a pointer ({mnemonic} {operands})")

    @staticmethod
    def roots(functions: Mapping[str, Function], first_data: bytes, has_floating_point: bool) -> Roots:
        vectors = [
            int.from_bytes(first_data[start : start + 4], "little") for start in range(0, len(first_data), 4)
        ]
        if len(vectors) < 2:
            raise UserError(
                "the image does not begin with a vector table; expected the sections of sections.ld"
            )
        by_address = {function.address: function.name for function in functions.values()}
        _, reset, *others = vectors
        handlers = {_at(by_address, vector) for vector in others if vector}
        frame_bytes = FLOATING_POINT_FRAME_BYTES if has_floating_point else EXCEPTION_FRAME_BYTES
        return Roots(_at(by_address, reset), tuple(sorted(handlers)), frame_bytes)


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


def _at(names: Mapping[int, str], vector: int) -> str:
    address = vector & ~1  # the lowest bit says Thumb
    if address not in names:
        raise UserError(f"the vector table names {address:#x}, where no function is")
    return names[address]
