"""Every fuzz target, for a minute (HY_FUZZ_SECONDS), two at a time; and that the fuzzer is one that finds things.

The programs are those of the preset `fuzz`. What is printed with each test is its executions and coverage (-rP).
"""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import run  # noqa: E402

SECONDS = int(os.environ.get("HY_FUZZ_SECONDS", "60"))
CORPUS_LIMIT_BYTES = 300 * 1024


@pytest.fixture(scope="session")
def runs(request):
    """All that are wanted begin with the first test; each test waits for its own."""
    wanted = [item.callspec.params["target"] for item in request.session.items if "target" in getattr(item, "fixturenames", ())]
    return run.start(wanted, SECONDS)


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("asan", "AddressSanitizer: use-after-poison"),
        ("ubsan", "signed integer overflow"),
        ("leak", "LeakSanitizer: detected memory leaks"),
        ("promise", "the promise is broken"),
    ],
)
def test_a_planted_mistake_is_found_from_nothing(mistake, said):
    """By coverage alone: the input must begin with three certain bytes."""
    found = run.fuzz("planted", 120, {"HY_FUZZ_PLANTED": mistake}, begin=False)
    assert found.status != 0, f"{found.executions} executions found nothing"
    assert said in found.log.read_text(errors="replace"), "\n".join(found.told)
    again = subprocess.run([run.program("planted"), found.finding], cwd=run.ROOT, capture_output=True,
                           env=os.environ | {"HY_FUZZ_PLANTED": mistake}, timeout=60)
    assert again.returncode != 0, "the kept file does not show it again"
    found.finding.unlink()


@pytest.mark.parametrize("target", run.TARGETS)
def test_nothing_is_found_in(target, runs):
    result = runs[target].result()
    print(result)
    assert result.status == 0, str(result)
    assert result.speed >= run.TARGETS[target], f"too slow to find anything: {result}"
    assert result.edges > 50, f"the code is not instrumented: {result}"


def test_the_seeds_are_small():
    files = [file for file in (run.HERE / "corpus").rglob("*") if file.is_file()]
    assert {file.parent.name for file in files} == set(run.TARGETS), "a target without seeds, or seeds without a target"
    assert sum(file.stat().st_size for file in files) <= CORPUS_LIMIT_BYTES
