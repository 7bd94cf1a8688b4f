"""The deepest stack a firmware can need, read off its machine code.

The linked image is the witness, not the compiler's call graph: it holds what was linked and
nothing else, with the C library, tail calls and assembly, which -fcallgraph-info does not see.
tests/emulator compares the frames found here with GCC's -fstack-usage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hil.boards.arm_code import ArmCode
from hil.boards.machine_code import Core, Function, read_functions
from hil.boards.riscv_code import RiscvCode
from train.core.errors import UserError

ARM = "arm"
CORES: dict[str, type[Core]] = {ARM: ArmCode, "riscv": RiscvCode}


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


def worst_stack(disassembly: str, has_floating_point: bool, machine_code: str = ARM) -> StackBound:
    """The worst case of an image.

    Args:
        disassembly: of ``objdump --disassemble --disassemble-zeroes``; what the core begins with comes first.
        has_floating_point: whether the code uses floating-point registers, which interrupts then save.
        machine_code: one of CORES.
    Raises:
        UserError: recursion, a call through a pointer that ``machine_code.POINTERS`` does not account for, a
            frame whose size depends on data, or no beginning.
    """
    core = CORES[machine_code]
    functions, first_data = read_functions(disassembly, core)
    roots = core.roots(functions, first_data, has_floating_point)
    depth = _Depths(functions)
    path = depth.deepest([roots.reset])
    interrupt_path = depth.deepest(roots.handlers)
    interrupt_bytes = roots.exception_frame_bytes + _sum(interrupt_path) if roots.handlers else 0
    return StackBound(_sum(path) + interrupt_bytes, path, interrupt_path, roots.exception_frame_bytes)


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
