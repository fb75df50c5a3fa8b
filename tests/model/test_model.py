"""The protocol of take-over and projection, searched exhaustively by spin: no promise can be broken, and without any one of its rules some promise can."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
FAULTS = ("CRASHES", "LOSSES", "BREAKS", "FAILURES", "REPEATS")
MEMORY_MIB = 3500


def only(*kinds):
    return {kind: 0 for kind in FAULTS if kind not in kinds}


EMISSIONS = {"model": "emissions.pml"}
SEARCHES = {
    "three_claims_and_nothing_else": {"CLAIMS": 3, "FAULTS": 0},
    "three_claims_with_other_caches": {"CLAIMS": 3, "FAULTS": 0, "PARITY": 1},
    "two_claims_and_a_fault_of_any_kind": {"CLAIMS": 2, "FAULTS": 1},
    "two_claims_and_a_fault_with_other_caches": {"CLAIMS": 2, "FAULTS": 1, "PARITY": 1},
    "redis_loses_its_tail_and_a_connection_breaks": {"CLAIMS": 2, "FAULTS": 2, **only("LOSSES", "BREAKS")},
    "crashes_failed_reports_and_repeats": {"CLAIMS": 2, "FAULTS": 4, **only("CRASHES", "FAILURES", "REPEATS")},
    "a_crash_of_each_and_a_third_owner": {"CLAIMS": 3, "FAULTS": 2, "DUELS": 0, **only("CRASHES")},
    "a_crash_a_lost_tail_and_a_third_owner": {"CLAIMS": 3, "FAULTS": 2, "DUELS": 0, **only("CRASHES", "LOSSES")},
    "three_claims_and_redis_loses_its_tail": {"CLAIMS": 3, "FAULTS": 1, **only("LOSSES")},
    "emissions_and_two_faults": EMISSIONS | {"FAULTS": 2},
}

ONE_FAULT = {"CLAIMS": 2, "FAULTS": 1}
NO_FAULT = {"CLAIMS": 2, "FAULTS": 0}
MISTAKES = {
    "WITHOUT_CLAIM_FENCE": ONE_FAULT,  # a block counts whose claim is not current
    "WITHOUT_SEQ_CHECK": ONE_FAULT,  # a repeat counts
    "WITHOUT_HOLE_READ": NO_FAULT,  # foreign messages before one's own block are not looked at
    "WITHOUT_CONDITION": ONE_FAULT,  # a projection writes whatever the watermark is
    "WITHOUT_OPENINGS": ONE_FAULT,  # the calls of one projection all expect the same watermark
    "WITHOUT_UNIQUE_WATERMARKS": {"CLAIMS": 3, "FAULTS": 1, **only("LOSSES")},  # the same block, the same watermark
    "WITHOUT_WATERMARK_READ": ONE_FAULT,  # members are read without the watermark
    "WITHOUT_IDLE_LOOK": ONE_FAULT,  # nobody looks at Redis while nothing happens
    "WITHOUT_LATER_CLAIM_NOTICED": NO_FAULT,  # a watermark beyond one's own claim is taken
    "WITHOUT_DIRTY_PIN": NO_FAULT,  # a member leaves memory before it is projected
    "WITHOUT_PROJECTING_PIN": ONE_FAULT,  # … while it is being projected
    "WITHOUT_ENTRY_NUMBERS": ONE_FAULT,  # a fold does not see that a member is ahead
    "WITHOUT_FOLD": ONE_FAULT,  # a new owner takes the states from Redis as they are
    "WITHOUT_NEW_CLAIM": ONE_FAULT,  # an instance claims with the number it had before
    "WITHOUT_CLAIM_AGAIN": ONE_FAULT,  # a failed report is taken for a block that was not written
    "WITHOUT_RECORDED_POSITION": ONE_FAULT,  # inputs are read on from what the group remembers
    "ANSWERS_BEFORE_REPORT": NO_FAULT,
    "PROJECTS_BEFORE_REPORT": NO_FAULT,
    "WITHOUT_MARK": EMISSIONS,  # the target keeps no mark
    "WITHOUT_GAP_REFUSED": EMISSIONS,  # the target takes what comes out of order
    "WITHOUT_UNSENT": EMISSIONS,  # the watermark does not say what may be unsent
    "EMITTED_THROUGH_TOO_FAR": EMISSIONS,  # a block says sent of what was only handed over
    "SENDS_BEFORE_DURABLE": EMISSIONS,
}


def search(folder, defines):
    """Every history there is, until one breaks a promise: what pan says, and the history."""
    model = HERE / defines.get("model", "takeover.pml")
    options = [f"-D{name}={value}" for name, value in defines.items() if name != "model"]
    subprocess.run(["spin", "-a", *options, model], cwd=folder, check=True, capture_output=True, timeout=60)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", f"-DMEMLIM={MEMORY_MIB}", "-o", "pan", "pan.c"], cwd=folder, check=True, timeout=120)
    said = subprocess.run(["./pan", "-m10000", "-w24"], cwd=folder, capture_output=True, text=True, check=False, timeout=280).stdout
    trail = folder / f"{model.name}.trail"
    if not trail.exists():
        return said, ""
    shown = subprocess.run(["spin", "-k", trail, *options, model], cwd=folder, capture_output=True, text=True, check=False, timeout=60).stdout
    return said, shown.partition("#processes")[0]


def assert_complete(said):
    assert "Full statespace search" in said, said  # neither bits nor hashes in place of states
    for incomplete in ("Search not completed", "max search depth too small", "out of memory", "memory limit", "hash-compact", "Bit statespace"):
        assert incomplete not in said, said
    assert re.search(r"cycle checks\s+- \(disabled by -DSAFETY\)", said)
    assert re.search(r"invalid end states\s+\+", said), said


@pytest.mark.parametrize("name", SEARCHES)
def test_no_history_breaks_a_promise(name, tmp_path):
    said, history = search(tmp_path, SEARCHES[name])
    assert "errors: 0" in said, f"{said}\n{history}"
    assert_complete(said)
    states = int(re.search(r"(\d+) states, stored", said)[1])
    seconds = float(re.search(r"elapsed time ([\d.]+) seconds", said)[1])
    print(f"{name}: {states:,} states, {seconds:.1f} s")
    assert states > 10_000, "the model does nothing"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_without_this_rule_a_promise_is_broken(mistake, tmp_path):
    said, history = search(tmp_path, {mistake: 1, **MISTAKES[mistake]})
    assert "errors: 1" in said, f"not found: {said}"
    assert "assertion violated" in history and "0 claims" in history, history


def test_every_rule_that_can_be_left_out_is_tried():
    models = "".join(model.read_text(encoding="utf-8") for model in HERE.glob("*.pml"))
    named = set(re.findall(r"^#ifn?def (\w+)", models, re.MULTILINE)) - set(re.findall(r"^#define (\w+)", models, re.MULTILINE))
    assert named == set(MISTAKES)


def test_every_assumption_stands_in_the_code_that_keeps_it():
    code = {
        (name, str(path.relative_to(ROOT)))
        for path in (ROOT / "common").rglob("*.[ch]")
        for name in re.findall(r"model: ([a-z]+(?:-[a-z]+)+)", path.read_text(encoding="utf-8"))
    }
    readme = set(re.findall(r"^\| `([a-z-]+)` \| `([a-z_/.]+)` \|", (HERE / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert len(readme) > 10
    assert readme == code, "the table of README.md and the comments `model: NAME` in the code differ"
