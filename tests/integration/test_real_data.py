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
    """kill -9 of one of two instances, 24 times, while the file comes in piece by piece; small blocks, so that there is much to tear."""
    chance = random.Random(20170101)
    small = {"HY_STATIC_MEMBERSHIP": "true", "HY_BATCH_INPUTS": "200", "HY_BLOCK_BYTES": "16384"}
    services = [shop.start_accrual(f"accrual-{name}", **small) for name in "ab"]
    services[0].wait_ready()
    blocks = []
    for path in realdata.slices(tmp_path, 24):
        import_file(shop, path)
        time.sleep(chance.uniform(0, 1.5))
        victim = chance.choice(services)
        victim.check_alive()
        victim.kill()
        blocks.append(sum(shop.log.read().last_blocks()))
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0, 1))
        victim.start()
    expected = realdata.expected()
    shop.settle(120)
    shop.check_against(expected)
    assert shop.log.outcomes == {"OUTCOME_ACCEPTED": 155848}
    assert len(set(blocks)) > 12, f"the kills hit while nothing went on: {blocks}"
    with capsys.disabled():
        claims, dropped = (sum(of) for of in zip(*((len(p.claims), p.dropped) for p in shop.log.partitions)))
        print(
            f"\n  24 × kill -9: {claims} claims, {dropped} blocks of dead owners dropped by readers, {sum(shop.log.last_blocks())} blocks count"
        )
