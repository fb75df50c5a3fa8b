"""Asking for memory ahead is in the code for its effect on the processor, of which the compiler knows nothing."""

import pathlib
import re
import subprocess

import pytest
from tree import ROOT

PROGRAM = pathlib.Path(ROOT) / "build" / "release" / "bin" / "hy-accrual"


def instructions_of(function):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", PROGRAM],
                          capture_output=True, text=True, check=True).stdout
    assert f"<{function}>:" in text, f"{PROGRAM} has no function {function}: which one looks ahead now?"
    return text


@pytest.mark.parametrize("function, least", [("fill", 4), ("take_batch", 3)])
def test_memory_is_asked_for_ahead(function, least):
    found = len(re.findall(r"\bprefetch|\bprfm\b", instructions_of(function)))
    assert found >= least, f"{function} has {found} prefetches: the compiler dropped what common/base/prefetch.h is for"
