#!/usr/bin/env python3
"""clang-tidy over every file of ours in a compilation database, on all cores.

usage: tidy.py BUILD_FOLDER

A file that was clean stays clean until its preprocessed text, the settings or the tool change: what was found clean is
remembered in .dev/tidy, so that a second run takes seconds. Prints the findings; exit status 1 if there are any.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLEAN = ROOT / ".dev" / "tidy"


def ours(entry, build):
    """Generated code and code outside the tree are not ours to mend."""
    path = pathlib.Path(entry["directory"], entry["file"]).resolve()
    return path.is_relative_to(ROOT) and not path.is_relative_to(build) and path.exists()


def fingerprint(entry, settings):
    """Everything that clang-tidy sees: the file with all of its headers, comments kept because NOLINT is one."""
    command = shlex.split(entry["command"])
    output = command.index("-o")
    del command[output:output + 2]
    command[command.index("-c")] = "-E"
    text = subprocess.run([*command, "-C"], cwd=entry["directory"], capture_output=True, check=False)
    return None if text.returncode else hashlib.sha256(settings + entry["file"].encode() + text.stdout).hexdigest()


def check(entry, build, settings):
    key = fingerprint(entry, settings)
    if key and (CLEAN / key).exists():
        return ""
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), entry["file"]],
                         cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        if key:
            (CLEAN / key).touch()
        return ""
    return run.stdout or run.stderr or f"{entry['file']}: clang-tidy ended with {run.returncode}\n"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    CLEAN.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes()
    entries = [entry for entry in json.loads((build / "compile_commands.json").read_text()) if ours(entry, build)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [text for text in pool.map(lambda entry: check(entry, build, settings), entries) if text]
    sys.stdout.write("".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
