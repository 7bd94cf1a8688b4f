"""The machine code of RISC-V, as the integer calling convention has it."""

import re
from collections.abc import Mapping

from hil.boards.machine_code import POINTERS, Function, Roots, account_call
from train.core.errors import UserError

# As firmware/boards/riscv/startup.c calls them. The core pushes nothing: the handler saves what it uses.
_RESET, _TRAP = "kws_board_reset", "kws_board_trap"

_ADD = re.compile(r"^(?:c\.)?addi?(?:16sp)?$")
_MOVES_SP = re.compile(r"^sp,(?:sp,)?(?P<bytes>-?\d+)$")
_ADDS_REGISTER = re.compile(r"^sp,sp,(?P<register>[a-z]\w*)$")
_STORES_OR_BRANCHES = re.compile(r"^(?:c\.)?(?:s[bhwd]|fs[wd]|b\w+)$")
_CALL = re.compile(r"^(?:c\.)?(?:jalr?|call)$")
_JUMP = re.compile(r"^(?:c\.)?(?:jr?|tail|b(?:eq|ne|lt|ge|gt|le)\w*)$")
_RETURNS = re.compile(r"^(?:ra|zero,ra|zero,0\(ra\)|0\(ra\))$")
_LOAD_NUMBER = re.compile(r"^(?P<register>\w+),(?P<number>-?(?:0x[0-9a-f]+|\d+))$")
_ADD_NUMBER = re.compile(r"^(?P<register>\w+),(?P=register),(?P<number>-?\d+)(?: #.*)?$")


class RiscvCode:
    """See ``machine_code.Core``."""

    @staticmethod
    def account(function: Function, mnemonic: str, operands: str, names: Mapping[int, str]) -> None:
        is_call = _CALL.match(mnemonic) is not None
        if is_call or _JUMP.match(mnemonic):
            if not account_call(function, operands, names, links=is_call):
                _account_pointer(function, mnemonic, operands)
        else:
            _account_number(function, mnemonic, operands)
            _account_memory(function, mnemonic, operands)

    @staticmethod
    def roots(functions: Mapping[str, Function], first_data: bytes, has_floating_point: bool) -> Roots:
        if _RESET not in functions or min(functions.values(), key=_address).name != _RESET:
            raise UserError(
                f"the image does not begin with {_RESET}; expected the sections of sections.ld and "
                "boards/riscv/startup.c"
            )
        return Roots(_RESET, (_TRAP,) if _TRAP in functions else (), exception_frame_bytes=0)


def _address(function: Function) -> int:
    return function.address


def _account_pointer(function: Function, mnemonic: str, operands: str) -> None:
    is_return = mnemonic.endswith("jr") and _RETURNS.match(operands)
    if not is_return and function.name not in POINTERS:
        function.faults.append(f"calls through a pointer ({mnemonic} {operands})")


def _account_number(function: Function, mnemonic: str, operands: str) -> None:
    """Follow numbers into registers: a frame beyond 2 kB is one of those."""
    if mnemonic.endswith("lui") and (found := _LOAD_NUMBER.match(operands)):
        function.constants[found["register"]] = _signed(int(found["number"], 0) << 12)
    elif mnemonic.endswith("li") and (found := _LOAD_NUMBER.match(operands)):
        function.constants[found["register"]] = int(found["number"], 0)
    elif _ADD.match(mnemonic) and (found := _ADD_NUMBER.match(operands)):
        if found["register"] in function.constants:
            function.constants[found["register"]] += int(found["number"])
    elif not _STORES_OR_BRANCHES.match(mnemonic):
        function.constants.pop(operands.split(",")[0], None)


def _account_memory(function: Function, mnemonic: str, operands: str) -> None:
    """Add what one instruction takes of the stack."""
    if function.name == _RESET or not re.match(r"sp\b", operands) or _STORES_OR_BRANCHES.match(mnemonic):
        return  # at reset, there is no stack yet
    if _ADD.match(mnemonic):
        if found := _MOVES_SP.match(operands):
            function.frame_bytes += max(0, -int(found["bytes"]))
            return
        found = _ADDS_REGISTER.match(operands)
        if found and found["register"] in function.constants:
            function.frame_bytes += max(0, -function.constants[found["register"]])
            return
    function.faults.append(f"sets the stack pointer ({mnemonic} {operands})")


def _signed(number: int) -> int:
    return (number & 0xFFFFFFFF) - (1 << 32 if number & 0x80000000 else 0)
