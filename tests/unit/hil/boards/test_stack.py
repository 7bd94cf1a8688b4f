"""The worst stack of an image, from the text that objdump makes of it."""

import re

import pytest

from hil.boards.arm_code import EXCEPTION_FRAME_BYTES, FLOATING_POINT_FRAME_BYTES, ArmCode
from hil.boards.machine_code import read_functions
from hil.boards.stack import worst_stack
from train.core.errors import UserError


def image(**functions: str) -> str:
    """Disassembly with a vector table (stack, reset, two interrupts, a gap) and these functions.

    Instructions are separated by ``;``. ``reset`` is at 0x100, the others 0x100 behind each other.
    """
    places = {name: 0x100 * (number + 1) for number, name in enumerate(functions)}
    handlers = [places.get("first", 0), places.get("second", 0)]
    words = [0x20001000, places["reset"] | 1, *(place | 1 if place else 0 for place in handlers), 0]
    table = b"".join(word.to_bytes(4, "little") for word in words)
    lines = [
        "00000000 <vectors>:",
        f"   0:\t{table[:16].hex(' ')}     ....",
        f"  10:\t{table[16:].hex(' ')}  .",
    ]
    for name, code in functions.items():
        lines += ["", f"{places[name]:08x} <{re.sub('_again$', '', name)}>:"]
        for offset, instruction in enumerate(code.split(";")):
            mnemonic, _, operands = instruction.strip().partition(" ")
            operands = re.sub(r"@(\w+)", lambda found: f"{places[found[1]]:x} <{found[1]}>", operands)
            lines.append(f" {places[name] + 4 * offset:x}:\tb508 f000 \t{mnemonic}\t{operands}")
    return "\n".join(lines) + "\n"


def frame(code: str) -> int:
    functions, _ = read_functions(image(reset=code), ArmCode)
    assert not functions["reset"].faults, functions["reset"].faults
    return functions["reset"].frame_bytes


@pytest.mark.parametrize(
    ("code", "frame_bytes"),
    [
        ("bx lr", 0),
        ("push {r3, lr}; pop {r3, pc}", 8),
        ("stmdb sp!, {r4, r5, r6, r7, r8, r9, sl, fp, lr}; sub sp, #508\t@ 0x1fc; add sp, #508", 36 + 508),
        ("sub.w sp, sp, #2048; add.w sp, sp, #2048; ldmia.w sp!, {r4, pc}", 2048),
        ("vpush {d8-d15}; vpush {s16}; vldmia sp!, {d8-d9}", 64 + 4),
        ("str.w lr, [sp, #-4]!; ldr.w pc, [sp], #4", 4),
        ("strd r4, r5, [sp, #-16]!; ldrd r4, r5, [sp]", 16),
        ("str r0, [sp, #12]; add r7, sp, #8; cmp sp, r3; mov r0, sp", 0),
        ("push {r4}; tbb [pc, r3]; b.n @reset", 4),
        ("sub sp, #8; push {lr}; pop {r3}; add sp, #8; bx r3", 12),
    ],
)
def test_what_an_instruction_takes(code: str, frame_bytes: int) -> None:
    assert frame(code) == frame_bytes


def test_the_deepest_path_and_the_deepest_interrupt_add_up() -> None:
    bound = worst_stack(
        image(
            reset="push {r3, lr}; bl @shallow; bl @deep; b.n @reset",
            shallow="push {r4, lr}; pop {r4, pc}",
            deep="sub sp, #100; b.w @shallow",
            first="push {r4, lr}; pop {r4, pc}",
            second="push {r4, r5, r6, lr}; bl @shallow",
        ),
        has_floating_point=False,
    )
    assert bound.path == (("reset", 8), ("deep", 100), ("shallow", 8))
    assert bound.interrupt_path == (("second", 16), ("shallow", 8))
    assert bound.bytes == 116 + EXCEPTION_FRAME_BYTES + 24


def test_floating_point_makes_interrupts_larger() -> None:
    text = image(reset="bx lr", first="bx lr")
    difference = worst_stack(text, True).bytes - worst_stack(text, False).bytes
    assert difference == FLOATING_POINT_FRAME_BYTES - EXCEPTION_FRAME_BYTES == 18 * 4


def test_a_board_without_interrupts_needs_no_frame_for_one() -> None:
    assert worst_stack(image(reset="push {r3, lr}"), True).bytes == 8


def test_two_functions_of_one_name_are_two() -> None:
    text = image(reset="bl @add_again", add="sub sp, #400", add_again="sub sp, #8")
    assert worst_stack(text, False).bytes == 8


def test_a_data_table_between_the_instructions_is_not_code() -> None:
    assert frame("push {r4}; .word 0x20001000; .short 0xb500") == 4


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"reset": "bl @a", "a": "bl @b", "b": "bl @a"}, "a -> b -> a is a recursion"),
        ({"reset": "bl @reset"}, "reset -> reset is a recursion"),
        ({"reset": "blx r3"}, r"reset calls through a pointer \(blx r3\)"),
        ({"reset": "bx r2"}, r"reset calls through a pointer \(bx r2\)"),
        ({"reset": "pop {r2}; ldr r2, [r1]; bx r2"}, r"reset calls through a pointer \(bx r2\)"),
        ({"reset": "sub.w sp, sp, r3"}, r"reset sets the stack pointer \(sub.w sp, sp, r3\)"),
        ({"reset": "mov sp, r7"}, r"sets the stack pointer \(mov sp, r7\)"),
        ({"reset": "ldr sp, [r0, #4]"}, r"sets the stack pointer"),
        ({"reset": "msr MSP, r0"}, r"sets the stack pointer \(msr MSP, r0\)"),
        ({"reset": "ldr.w pc, [r3]"}, r"goes where a register says"),
        ({"reset": "mov pc, r3"}, r"goes where a register says"),
        ({"reset": "bx lr", "first": "blx r3"}, r"first calls through a pointer"),
    ],
)
def test_what_has_no_bound_is_refused(functions: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        worst_stack(image(**functions), False)


def test_what_is_never_reached_does_not_matter() -> None:
    assert worst_stack(image(reset="bx lr", unused="blx r3"), False).bytes == 0


def riscv(**functions: str) -> str:
    """Disassembly of RISC-V code, as ``image`` has it; the first function is that of reset."""
    names = {"reset": "kws_board_reset", "trap": "kws_board_trap"}
    places = {name: 0x80000000 + 0x100 * number for number, name in enumerate(functions)}
    lines = []
    for name, code in functions.items():
        lines += ["", f"{places[name]:08x} <{names.get(name, name)}>:"]
        for offset, instruction in enumerate(code.split(";")):
            mnemonic, _, operands = instruction.strip().partition(" ")
            operands = re.sub(r"@(\w+)", lambda found: f"{places[found[1]]:x} <{found[1]}>", operands)
            raw = "00a12023         " if offset % 2 else "1141               "  # compressed, or not
            lines.append(f"{places[name] + 4 * offset:8x}:\t{raw}\t{mnemonic}\t{operands}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("code", "frame_bytes"),
    [
        ("ret", 0),
        ("add sp,sp,-32; sw ra,28(sp); lw ra,28(sp); add sp,sp,32; ret", 32),
        ("addi sp,sp,-16; jr ra", 16),
        ("c.addi16sp sp,-64; c.jr ra", 64),
        ("lui t0,0xfffff; add t0,t0,-904; add sp,sp,t0; lui t0,0x1; add t0,t0,904; add sp,sp,t0", 5000),
        ("li t1,-2048; add sp,sp,t1", 2048),
        ("add a0,sp,16; sw sp,12(a0); bgeu sp,a0,@code", 0),
    ],
)
def test_what_an_instruction_of_riscv_takes(code: str, frame_bytes: int) -> None:
    bound = worst_stack(riscv(reset="jal @code", code=code), False, "riscv")
    assert bound.path == (("kws_board_reset", 0), ("code", frame_bytes))


def test_riscv_interrupts_save_for_themselves() -> None:
    text = riscv(
        reset="auipc sp,0x401; add sp,sp,-8 # 80401000 <kws_stack_top>; j @main",
        trap="add sp,sp,-80; jal ra,@on; mret",
        main="add sp,sp,-16; jalr -8(ra) # @deep; j @main",
        deep="add sp,sp,-48; jr -4(t1) # @on",
        on="add sp,sp,-16; ret",
    )
    bound = worst_stack(text, False, "riscv")
    assert bound.path == (("kws_board_reset", 0), ("main", 16), ("deep", 48), ("on", 16))
    assert bound.bytes == 80 + 80 + 16


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"reset": "jal @a", "a": "jal @a"}, "a -> a is a recursion"),
        ({"reset": "jal @a", "a": "jalr a5"}, r"a calls through a pointer \(jalr a5\)"),
        ({"reset": "jal @a", "a": "jr a5"}, r"a calls through a pointer \(jr a5\)"),
        ({"reset": "jal @a", "a": "sub sp,sp,a0"}, r"a sets the stack pointer \(sub sp,sp,a0\)"),
        ({"reset": "jal @a", "a": "li t0,-64; lw t0,0(a0); add sp,sp,t0"}, "a sets the stack pointer"),
        ({"reset": "jal @a", "a": "mv sp,s0"}, "a sets the stack pointer"),
        ({"reset": "jal @a", "a": "lw sp,0(a0)"}, "a sets the stack pointer"),
        ({"other": "ret", "reset": "ret"}, "does not begin with kws_board_reset"),
    ],
)
def test_what_has_no_bound_on_riscv_is_refused(functions: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        worst_stack(riscv(**functions), False, "riscv")


def test_an_image_without_vectors_is_refused() -> None:
    with pytest.raises(UserError, match="does not begin with a vector table"):
        worst_stack("00000000 <main>:\n   0:\t4770      \tbx\tlr\n", False)


def test_a_vector_that_leads_nowhere_is_refused() -> None:
    text = image(reset="bx lr").replace("01 01 00 00", "01 07 00 00")
    with pytest.raises(UserError, match="names 0x700, where no function is"):
        worst_stack(text, False)
