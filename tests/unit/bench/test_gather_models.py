"""Models of fetched repositories: files, arrays of C, each once."""

import subprocess
import sys

import pytest
from places import ROOT

BENCH = ROOT / "tests" / "bench"
MODEL = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 2
OTHER = b"\x20\0\0\0TFL3" + bytes(300)


@pytest.fixture(autouse=True)
def beside_the_benchmarks(monkeypatch):
    """They are scripts, which import what lies beside them."""
    monkeypatch.syspath_prepend(BENCH)


def c_array(declaration: str, content: bytes, form: str = "0x{:02x}") -> bytes:
    lines = [
        ", ".join(form.format(byte) for byte in content[start : start + 12])
        for start in range(0, len(content), 12)
    ]
    return f"{declaration} = {{\n  {{}}\n}};\n".replace("{}", ",\n  ".join(lines)).encode()


@pytest.mark.parametrize(
    "declaration",
    [
        "const unsigned char g_model[]",
        "alignas(16) const uint8_t g_model[]",
        "const unsigned char g_model[] DATA_ALIGN_ATTRIBUTE",
        "static const uint8_t g_model[520] __attribute__((aligned(16)))",
        'unsigned char g_model[kSize] PROGMEM __attribute__((section(".x"))) ALIGN',
    ],
)
@pytest.mark.parametrize("form", ["0x{:02x}", "0x{:02X}", "{:d}"])
def test_an_array_of_c_is_found_however_it_is_declared(declaration, form):
    from gather_models import arrays

    source = b"#include <x.h>\nconst int other[] = {1, 2, 3}; // a comment\n" + c_array(
        declaration, MODEL, form
    )
    assert arrays(source) == [("g_model", MODEL)]


def test_arrays_that_are_no_bytes_or_no_model_are_none():
    from gather_models import arrays

    assert not arrays(c_array("const unsigned char noise[]", bytes(400)))
    assert not arrays(b"const int x[] = {0x54, 0x46, 0x4c, 0x33, 1000};")
    assert not arrays(b'const char *names[] = {"0x54, 0x46", kX};')


def test_a_repository_gives_each_model_once_with_its_commit(tmp_path):
    repository = tmp_path / "owner+name"
    (repository / "a").mkdir(parents=True)
    (repository / "model.tflite").write_bytes(MODEL)
    (repository / "a" / "model.cc").write_bytes(c_array("const unsigned char same[]", MODEL))
    (repository / "a" / "other.H").write_bytes(c_array("const unsigned char other[]", OTHER))
    (repository / "pointer.tflite").write_text("version https://git-lfs.github.com/spec/v1\n" + "x" * 300)
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "x")):
        subprocess.run(["git", "-C", repository, *arguments], check=True)
    into = tmp_path / "models"
    command = [sys.executable, BENCH / "gather_models.py", into, "--from", repository]
    for said in ("2 new models", "0 new models"):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"owner+name: {said}\n"
    written = {str(path.relative_to(into)): path.read_bytes() for path in into.rglob("*.tflite")}
    assert written == {
        "owner+name/model.tflite": MODEL,
        "owner+name/a/other.H.other.tflite": OTHER,
    }
    assert len((into / "owner+name" / "COMMIT").read_text().strip()) == 40


def test_models_are_counted_by_outcome_reason_and_repository():
    from models_bench import table

    rows = [
        {"repository": "a/b", "path": path, "outcome": outcome, "reason": reason, "operators": operators}
        for path, outcome, reason, operators in (
            ("kws.tflite", "equal", "", []),
            ("wake.tflite", "refused", "keeps state in 3 variables (VAR_HANDLE), as x", ["VAR_HANDLE"]),
            ("wake2.tflite", "refused", "keeps state in 12 variables (VAR_HANDLE), as x", ["VAR_HANDLE"]),
            ("visual_wake_words.tflite", "out of scope", "it is a float model: nothing", []),
        )
    ]
    lines = table(rows, 200).splitlines()
    assert "| equal | 1 | 1 | 1 |" in lines
    assert "| refused | 2 | 2 | 0 |" in lines
    assert "| out of scope | 1 | 0 | 0 |" in lines
    assert "| refused: keeps state in N variables | 2 | 2 |" in lines
    assert "| out of scope: it is a float model | 1 | 0 |" in lines
    assert "| a/b | 4 | 1 | 0 | 2 | 1 | 0 |" in lines
    assert sum("`" in line for line in lines) == 3, "int8 keyword models"
