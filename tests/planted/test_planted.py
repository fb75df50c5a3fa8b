"""Each planted mistake is found by its simulation within its seeds; and the same seeds find nothing in the code as it is."""
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("HY_BIN", ROOT / "build/release/bin")).resolve().parent
PROGRAMS = {"stage": "test_stage_random", "services": "sim_services"}
FOUND = re.compile(r"^seed (\d+): (.+)$", re.MULTILINE)


@dataclass
class Plant:
    """A patch: what it breaks, and where that must show."""
    name: str
    promise: str
    simulation: str
    seeds: int

    @classmethod
    def read(cls, path):
        text = path.read_text()
        seeds = re.search(r"^seeds: (\d+)$", text, re.MULTILINE)
        simulation = re.search(r"^simulation: (\w+)$", text, re.MULTILINE)
        return cls(path.stem, text.splitlines()[0], simulation[1], int(seeds[1]))


PLANTS = [Plant.read(path) for path in sorted(HERE.glob("*.patch"))]


def build(*targets, go_on=False):
    return subprocess.run(["cmake", "--build", BUILD, "--parallel", "2", "--target", *targets, *(["--", "-k", "0"] * go_on)],
                          capture_output=True, text=True, timeout=600, check=False)


def simulate(program, seeds):
    """The seed that failed and what was said; None: all of them passed."""
    ran = subprocess.run([program, "1"], cwd=ROOT, env=os.environ | {"HY_SEEDS": str(seeds), "HY_PARTIAL": "1"}, capture_output=True, text=True,
                         timeout=250, check=False)
    if ran.returncode == 0:
        return None
    found = FOUND.search(ran.stderr)
    assert found, f"ended with {ran.returncode}, and no seed was named:\n{ran.stderr[-2000:]}"
    return int(found[1]), found[2]


@pytest.fixture(scope="session", autouse=True)
def built():
    """All that can be built; each test then asks for its own."""
    build("planted", *{PROGRAMS[plant.simulation] for plant in PLANTS}, go_on=True)


@pytest.mark.parametrize("simulation", sorted({plant.simulation for plant in PLANTS}))
def test_code_as_it_is_passes_the_seeds_of_every_plant(simulation):
    seeds = max(plant.seeds for plant in PLANTS if plant.simulation == simulation)
    made = build(PROGRAMS[simulation])
    assert made.returncode == 0, made.stdout[-4000:]
    assert simulate(BUILD / "tests" / PROGRAMS[simulation], seeds) is None


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_mistake_is_found(plant):
    made = build(f"planted_{plant.name}")
    assert made.returncode == 0, made.stdout[-4000:]
    found = simulate(BUILD / "tests/planted/bin" / f"planted_{plant.name}", plant.seeds)
    assert found, f"{plant.seeds} seeds of the simulation `{plant.simulation}` did not find: {plant.promise}"
    seed, said = found
    print(f"\n{plant.name}: seed {seed} of {plant.seeds}: {said}")


def test_enough_is_planted():
    assert len(PLANTS) >= 18
