#!/usr/bin/env python3
"""Adds up test results and ends with the line `N passed, N failed` (and `, N skipped` if any were).

usage: sum_results.py KIND:STATUS:FILE...

KIND is `ctest` or `pytest`, STATUS the runner's exit status, FILE its JUnit XML. A runner that failed without naming a
failed test (it crashed, it wrote no file, it found no test) counts as one failed test: red must never sum up to green.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

CRITERION = {"PASSED": "passed", "SKIPPED": "skipped"}


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def count_pytest(file):
    return Counter(outcome(case) for case in ElementTree.parse(file).iter("testcase"))


def count_program(case, folder):
    """One program of ctest: the tests inside it if Criterion reported them, else the program as one test."""
    status = case.get("status")
    if status == "notrun":  # the program was not built: that is no skip
        return Counter(failed=1)
    report = folder / f"{case.get('name')}.xml"
    inner = Counter()
    if report.exists():
        inner.update(CRITERION.get(test.get("status"), "failed") for test in ElementTree.parse(report).iter("testcase"))
    if status == "fail" and not inner["failed"]:  # a leak found at the end, a crash of the runner
        inner["failed"] += 1
    return inner or Counter([outcome(case)])


def count_ctest(file):
    folder = pathlib.Path("build/asan/tests")
    return sum((count_program(case, folder) for case in ElementTree.parse(file).iter("testcase")), Counter())


def count(kind, status, file):
    try:
        total = {"ctest": count_ctest, "pytest": count_pytest}[kind](file)
    except (OSError, ElementTree.ParseError) as error:
        print(f"{file}: {error}")
        total = Counter()
    if status != 0 and not total["failed"]:
        total["failed"] += 1
    return total


def line(total):
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    return f"{total['passed']} passed, {total['failed']} failed{skipped}"


def main():
    everything = Counter()
    for argument in sys.argv[1:]:
        kind, status, file = argument.split(":", 2)
        total = count(kind, int(status), file)
        print(f"{pathlib.Path(file).stem:12} {line(total)}".rstrip())
        everything += total
    print(line(everything))
    return 1 if everything["failed"] or not everything["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
