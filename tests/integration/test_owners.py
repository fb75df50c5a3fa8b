"""Whoever believes to own a partition: only the current claim counts."""

import time

import pytest

from backend import wait_until
from store import Stream, some_purchases

pytestmark = pytest.mark.slow


def owners(system):
    return [partition.claims[-1] if partition.claims else None for partition in system.log.read().partitions]


def wait_for_owner(system, service):
    name = f"{system.name}-{service.name}"
    wait_until(
        lambda: set(owners(system)) == {name},
        lambda: f"all partitions owned by {name}; they are by {owners(system)}",
        60,
    )


def test_an_owner_that_was_stopped_overtaken_and_continued_changes_nothing(fresh):
    """SIGSTOP, the other takes over and goes on, SIGCONT: what the first still writes is dropped by every reader."""
    services = [fresh.start_accrual("accrual-a", HY_BATCH_INPUTS="20", HY_BLOCK_BYTES="4096").wait_ready()]
    services.append(
        fresh.start_accrual("accrual-b", HY_BATCH_INPUTS="20", HY_BLOCK_BYTES="4096").wait_ready()
    )
    with Stream(fresh, a_second=2000) as stream:
        for turn in range(3):
            frozen, other = services[turn % 2], services[1 - turn % 2]
            time.sleep(1)
            frozen.freeze()
            wait_for_owner(fresh, other)
            time.sleep(0.5)
            frozen.thaw()
            frozen.wait_ready()
            wait_until(
                lambda: len(set(owners(fresh))) == 2,
                lambda: f"both own partitions again: {owners(fresh)}",
                60,
            )
    fresh.check_against(stream.ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": stream.published}
    dropped = sum(partition.dropped for partition in fresh.log.partitions)
    print(f"{stream.published} purchases; {dropped} blocks of former owners were dropped")


def test_an_owner_that_is_stopped_in_the_middle_of_its_work_counts_nothing_twice(fresh, capsys):
    """It has blocks in hand when it is stopped, and wakes up after another has claimed the partitions."""
    ledger = fresh.ledger()
    small = {"HY_BATCH_INPUTS": "20", "HY_BLOCK_BYTES": "4096"}
    services = [fresh.start_accrual(f"accrual-{name}", **small).wait_ready() for name in "ab"]
    published = 0
    for turn in range(3):
        wait_until(lambda: len(set(owners(fresh))) == 2, lambda: f"both own partitions: {owners(fresh)}", 60)
        frozen, other = services[turn % 2], services[1 - turn % 2]
        purchases = some_purchases(20000, members=200, seed=turn)
        before = sum(fresh.log.ends())
        fresh.store().publish(*purchases, flush=False)
        wait_until(lambda: sum(fresh.log.ends()) > before + 20, "blocks are written", 20, every=0.001)
        frozen.freeze()
        fresh.store().flush()
        wait_for_owner(fresh, other)
        frozen.thaw()
        published += len(purchases)
        for bought in purchases:
            ledger.take(bought)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": published}
    dropped = sum(partition.dropped for partition in fresh.log.partitions)
    with capsys.disabled():
        print(f"\n  {dropped} blocks of owners that had been overtaken were dropped")


def test_a_second_instance_joins_and_leaves_and_nothing_is_lost(fresh, capsys):
    first = fresh.start_accrual("accrual-a").wait_ready()
    with Stream(fresh, a_second=2000) as stream:
        time.sleep(0.5)
        begin = time.monotonic()
        second = fresh.start_accrual("accrual-b").wait_ready()
        wait_until(lambda: len(set(owners(fresh))) == 2, lambda: f"both own partitions: {owners(fresh)}", 60)
        joined = time.monotonic() - begin
        time.sleep(0.5)
        begin = time.monotonic()
        stopped = first.stop()
        wait_for_owner(fresh, second)
        left = time.monotonic() - begin
        time.sleep(0.5)
    fresh.check_against(stream.ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": stream.published}
    with capsys.disabled():
        print(
            f"\n  a second instance has its share after {joined:.1f} s; SIGTERM takes {stopped:.1f} s;"
            f" the other owns all after {left:.1f} s"
        )
