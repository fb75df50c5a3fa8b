#!/usr/bin/env python3
"""Runs fuzz targets, two at a time:  ./dev fuzz [TARGET…] [--seconds N]

Prints executions, speed and coverage of each, and for a finding the command that shows it again. What a target has
found worth keeping (its grown corpus) stays in build/fuzz/grown and is where the next run begins.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "fuzz"
BUILD = pathlib.Path(os.environ.get("HY_FUZZ_BUILD", ROOT / "build" / "fuzz"))

# Executions in a second of processor time (a loaded machine is no fault of theirs) that each must reach: about a tenth
# of the usual. Below it the target has become useless: a loop, or a file that is read for every input.
TARGETS = {
    "services": 40,
    "documents": 200,
    "states": 150,
    "log": 250,
    "gateway": 250,
    "rows": 200,
    "purchase": 1000,
    "door": 300,
    "json": 2000,
    "texts": 2000,
}
AT_A_TIME = 2
LONGEST_INPUT_BYTES = 16384
TOLD = re.compile(r"the promise is broken|ERROR: |runtime error|SUMMARY: |#\d+ .* /.*/(common|services|cli|tests)/")


@dataclasses.dataclass
class Run:
    target: str
    processor_seconds: float = 0
    executions: int = 0
    edges: int = 0
    edges_in_all: int = 0
    status: int = 0
    log: pathlib.Path = None
    finding: pathlib.Path = None
    told: list = dataclasses.field(default_factory=list)

    @property
    def speed(self):
        return int(self.executions / max(self.processor_seconds, 0.1))

    def __str__(self):
        said = f"{self.target:<10} {self.executions:>9} executions {self.speed:>6}/s of processor time"
        said += f"   {self.edges} of {self.edges_in_all} edges"
        if self.status == 0:
            return said
        again = f"{shown(program(self.target))} {shown(self.finding)}" if self.finding else f"see {shown(self.log)}"
        return "\n".join([said + "   FOUND SOMETHING", *(f"    {line}" for line in self.told[:12]), f"    again: {again}"])


def shown(path):
    path = pathlib.Path(path)
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def program(target):
    return BUILD / "fuzz" / target


def fuzz(target, seconds, environment=None, begin=True):
    """One run; without `begin`, from nothing."""
    findings, grown = BUILD / "findings", BUILD / "grown" / target
    findings.mkdir(parents=True, exist_ok=True)
    command = [
        program(target), f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT_BYTES}", "-timeout=20",
        "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={findings}/{target}-",
    ]
    words = HERE / "dict" / f"{target}.dict"
    if words.exists():
        command.append(f"-dict={words}")
    if begin:
        grown.mkdir(parents=True, exist_ok=True)
        folders = [grown, HERE / "corpus" / target, HERE / "regressions" / target]
        command += [folder for folder in folders if folder.exists()]
    run = Run(target, log=findings / f"{target}.log")
    with run.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=os.environ | (environment or {}))
        # Twice the time: reading a large corpus counts, too. One that hangs is ended, and that is a finding.
        run.status, run.processor_seconds = wait(process, 2 * seconds + 60)
    read(run)
    return run


def wait(process, seconds):
    """Its status, and the processor time that it took."""
    end = time.monotonic() + seconds
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid != 0:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used.ru_utime + used.ru_stime
        if time.monotonic() > end:
            process.kill()
            end += 60
        time.sleep(0.1)


def read(run):
    text = run.log.read_text(errors="replace")
    run.executions = int((re.findall(r"stat::number_of_executed_units: (\d+)", text) or [0])[-1])
    run.edges = int((re.findall(r" cov: (\d+)", text) or [0])[-1])
    run.edges_in_all = sum(int(count) for count in re.findall(r"\((\d+) inline 8-bit counters\)", text))
    if run.status != 0:
        written = re.findall(r"Test unit written to (.*)", text)
        run.finding = pathlib.Path(written[-1]) if written else None
        run.told = [line.strip() for line in text.splitlines() if TOLD.search(line)] or text.splitlines()[-5:]


def start(targets, seconds):
    """The runs as futures, by target."""
    pool = concurrent.futures.ThreadPoolExecutor(AT_A_TIME)
    runs = {target: pool.submit(fuzz, target, seconds) for target in targets}
    pool.shutdown(wait=False)
    return runs


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="of each target (60)")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    found = 0
    for run in concurrent.futures.as_completed(start(options.targets or TARGETS, options.seconds).values()):
        print(run.result(), flush=True)
        found += run.result().status != 0
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
