"""At least ten thousand simulated histories, of the stage alone and of all services, by the release build: each comes to rest and is right."""
import os
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HY_BIN", ROOT / "build/release/bin")).resolve().parent
HISTORIES = {"test_stage_random": 6000, "sim_services": 4500}
WORKERS = 2


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["cmake", "--build", BUILD, "--parallel", "2", "--target", *HISTORIES], capture_output=True, timeout=600, check=True)


def simulate(program, first, seeds, **environment):
    return subprocess.run([BUILD / "tests" / program, str(first)], cwd=ROOT, env=os.environ | {"HY_SEEDS": str(seeds)} | environment,
                          capture_output=True, text=True, timeout=1100, check=False)


def told(stderr):
    """Without what the services log."""
    return "\n".join(line for line in stderr.splitlines() if not line.startswith("{"))[-6000:]


@pytest.mark.parametrize("program", sorted(HISTORIES))
def test_every_history_comes_to_rest_and_is_right(program):
    share = HISTORIES[program] // WORKERS
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = list(pool.map(lambda worker: simulate(program, 1 + worker * share, share), range(WORKERS)))
    for run in runs:
        assert run.returncode == 0, told(run.stderr)
        print(run.stdout)


def test_a_seed_is_the_same_history_in_every_process():
    digests = [re.search(r"digest of all logs: (\w+)", simulate("sim_services", 700, 60, ELSEWHERE="x" * length).stdout)[1]
               for length in (1, 5000)]
    assert digests[0] == digests[1]
