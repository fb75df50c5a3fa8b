"""A year of real shopping, through the importer: 1,469,307 lines, 155,848 purchases, 2,469 members."""

import random
import time

import pytest

import realdata

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(make_system):
    system = make_system(partitions=16)
    return system.publish_program(realdata.PROGRAM)


def import_file(system, path):
    return system.ctl("import", "purchases", "--restart", path, seconds=300)


def test_a_year_of_real_shopping_comes_to_exactly_what_the_oracle_says(shop, tmp_path, capsys):
    file = tmp_path / "year.csv"  # the importer keeps its place beside it
    file.symlink_to(realdata.file())
    expected = realdata.expected()
    assert len(expected) == 155848
    shop.start_accrual("accrual-a").wait_ready()
    begin = time.monotonic()
    import_file(shop, file)
    imported = time.monotonic() - begin
    shop.settle(120)
    took = time.monotonic() - begin
    shop.check_against(expected)
    assert shop.log.outcomes == {"OUTCOME_ACCEPTED": 155848}
    assert len(shop.log.points) == 2469
    assert shop.dead_letters() == {}
    with capsys.disabled():
        print(
            f"\n  imported in {imported:.1f} s, read again by the test in {took:.1f} s; {sum(shop.log.points.values())} points"
        )


def test_accrual_is_killed_at_random_moments_of_the_import(shop, tmp_path, capsys):
    """kill -9 of one of two instances, 24 times, while the file comes in piece by piece.

    Small blocks, so that there is much to tear."""
    chance = random.Random(20170101)
    small = {"HY_STATIC_MEMBERSHIP": "true", "HY_BATCH_INPUTS": "50", "HY_BLOCK_BYTES": "8192"}
    services = [shop.start_accrual(f"accrual-{name}", **small).wait_ready() for name in "ab"]
    busy = 0
    for path in realdata.slices(tmp_path, 24):
        importer = shop.spawn("import", "purchases", path)
        time.sleep(chance.uniform(0, chance.choice([0.1, 0.25, 0.8])))  # a piece is sent and taken in some 0.2 s
        victim = chance.choice(services)
        victim.check_alive()
        victim.kill()
        busy += any("taken" in text for text in shop.behind())
        time.sleep(chance.choice([0, 0, chance.uniform(0, 1)]))
        victim.start()
        assert importer.wait(60) == 0
    shop.settle(120)
    shop.check_against(realdata.expected())
    assert shop.log.outcomes == {"OUTCOME_ACCEPTED": 155848}
    assert busy >= 8, f"only {busy} of 24 kills hit while there was something to do"
    with capsys.disabled():
        claims = sum(len(partition.claims) for partition in shop.log.partitions)
        dropped = sum(partition.dropped for partition in shop.log.partitions)
        print(
            f"\n  24 × kill -9, {busy} of them with inputs waiting: {claims} claims, {dropped} blocks dropped,"
            f" {sum(shop.log.last_blocks())} blocks count"
        )
