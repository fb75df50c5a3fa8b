"""Tools decide what tools can: the format, and what clang-tidy finds. `./dev fmt` and `./dev lint` do the same by hand."""
import subprocess
import sys

from tree import ROOT, tree_files


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_c_file_is_formatted():
    files = tree_files("*.c", "*.h")
    result = run("clang-format", "--dry-run", "-Werror", *files)
    assert result.returncode == 0, "./dev fmt mends this:\n" + result.stderr[-6000:]


def test_clang_tidy_finds_nothing():
    result = run(sys.executable, "deploy/dev/tidy.py", "build/release")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
