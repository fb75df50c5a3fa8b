"""The development clock: a whole system on a shifted clock, and never one that was not started for that."""

import time

import pytest

from backend import wait_until
from store import purchase

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
FOLLOW = {"HY_DEVELOPMENT_CLOCK": "true"}


@pytest.fixture
def developed(make_system):
    system = make_system(**FOLLOW).publish_program()
    system.start_accrual().wait_ready()
    system.start_gateway()
    return system


def recorded_ms(system, member_id):
    """When the last purchase of this member was recorded."""
    before = {partition.number: partition.last for partition in system.log.read().partitions}
    system.publish(purchase(member_id))
    system.settle()
    partition = system.log.partitions[system.partition_of(member_id)]
    assert partition.last > before[partition.number]
    return partition.recorded_at_ms


def test_the_whole_system_moves_and_comes_back(developed):
    def shift_ms():
        return recorded_ms(developed, "m1") - time.time() * 1000

    assert abs(shift_ms()) < 5000
    developed.ctl("clock", "+30d")
    assert abs(shift_ms() - 30 * DAY_MS) < 5000
    assert "+719.00 h" in developed.ctl("clock", "-1h").stdout
    assert "+720.00 h" in developed.ctl("clock", "+1h").stdout
    assert all(service.ready() for service in developed.services)
    developed.ctl("clock", "reset")
    for service in developed.services:
        service.wait_ready(5)
    assert "+0.00 h" in developed.ctl("clock").stdout
    developed.verify()


def test_an_instance_that_starts_later_is_on_the_same_clock_from_its_first_block(developed):
    developed.ctl("clock", "+2h")
    developed.services[0].kill()
    developed.start_accrual("accrual-b").wait_ready()
    developed.wait_owners("points", ["accrual-b"])
    assert recorded_ms(developed, "m1") > time.time() * 1000 + HOUR_MS
    times = [time for partition in developed.log.read().partitions for time in partition.block_times]
    assert times and min(times) > time.time() * 1000 + HOUR_MS


def test_a_session_outlives_a_jump(developed):
    """The group's time-outs are real time: nobody loses a partition because the calendar turned."""
    claims = [len(partition.claims) for partition in developed.log.read().partitions]
    developed.ctl("clock", "+365d")
    recorded_ms(developed, "m1")
    time.sleep(2)
    assert [len(partition.claims) for partition in developed.log.read().partitions] == claims
    assert all(service.ready() for service in developed.services)


def test_a_system_that_was_not_started_for_it_stays(fresh):
    fresh.start_accrual().wait_ready()
    for environment, words in (({}, "HY_DEVELOPMENT_CLOCK=true says"), (FOLLOW, "runs without HY_DEVELOPMENT_CLOCK=true")):
        fresh.environment |= environment
        done = fresh.ctl("clock", "+1h", check=False)
        assert done.returncode in (1, 2) and words in done.stderr, done.stderr
    assert fresh.redis.get(f"{fresh.redis_prefix}clock") is None
    assert abs(recorded_ms(fresh, "m1") - time.time() * 1000) < 5000


def test_one_process_that_does_not_follow_is_enough_to_refuse(developed):
    developed.start_accrual("stranger", HY_DEVELOPMENT_CLOCK="false").wait_ready()
    wait_until(lambda: "stranger" in developed.ctl("status").stdout, "the stranger is in the group", 20)
    done = developed.ctl("clock", "+1h", check=False)
    assert done.returncode == 1 and f"{developed.name}-stranger runs without" in done.stderr


def test_nobody_there_is_told(make_system):
    system = make_system(**FOLLOW)
    done = system.ctl("clock", "+1h", check=False)
    assert done.returncode == 1 and "nothing runs" in done.stderr
    assert system.ctl("clock", "tomorrow", check=False).returncode == 2
