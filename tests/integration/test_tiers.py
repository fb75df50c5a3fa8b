"""Tiers: accrual tells tier what was bought, tier tells accrual who has which tier since when."""

import random
import time
from collections import Counter

import pytest

from backend import wait_until
from ladder import DISCOUNT, MULTIPLIER, Ladder
from protos import common, points, tiers
from store import BEGIN_MS, DAY_MS, line, purchase
from system import PROGRAMS, System, built

pytestmark = pytest.mark.skipif(not built("tier"), reason="hy-tier is not built")


@pytest.fixture
def shop(backend):
    """A system with the ladder of the demo; nothing runs."""
    system = System(backend).publish_program(PROGRAMS / "tiers.yaml")
    yield system
    system.check_alive()
    system.close()


def follow(system):
    """Keeps the accepted records of both logs: (member, input id) → body."""
    system.earned, system.taken, system.changes = {}, [], []

    def keep_points(record):
        change = points.PointsChange.FromString(record.body)
        if change.type == points.EARN:
            system.earned[record.member_id, record.input_id] = change
        else:
            system.taken.append((record.member_id, change.tier, change.tier_since_ms))

    def keep_tiers(record):
        system.changes.append((record, tiers.TierChange.FromString(record.body)))

    system.log_of("tiers", keep_tiers)
    system.second = type(system.log)(system.backend.brokers, system.topic("points"), system.partitions)
    system.second.keep_body = keep_points
    return system


def settle(system):
    """Each log may have been looked at just before the other went on: until nothing moves any more."""
    blocks = None
    while blocks != (blocks := [system.log_of(log).read().last_blocks() for log in ("points", "tiers")]):
        system.settle()
    system.second.read()


def tier_state(system, member_id):
    return system.member_state(member_id, "tiers", tiers.TierState)


def wait_timers(system, members):
    """Nothing is due any more, and everybody knows."""
    def overdue():
        now_ms = time.time() * 1000
        states = [tier_state(system, member_id) for member_id in members]
        return [state for state in states if state and 0 < state.review_at_ms <= now_ms]

    wait_until(lambda: not overdue(), lambda: f"timers: {overdue()[:3]}", 30)
    settle(system)


def buy(system, member_id, yuan, at_ms):
    made = purchase(member_id, occurred_at_ms=at_ms, lines=[line(paid_fen=yuan * 100)])
    system.publish(made)
    return made["purchase_id"]


def test_more_than_a_thousand_growth_is_silver_and_the_next_purchase_says_so(shop):
    follow(shop)
    shop.start_accrual()
    shop.start_tier()
    now = int(time.time() * 1000)
    buy(shop, "anna", 1000, now - 9 * DAY_MS)
    settle(shop)
    assert tier_state(shop, "anna").tier == "ordinary" and shop.taken == []
    assert tier_state(shop, "anna").next_tier == "silver" and tier_state(shop, "anna").growth_to_next == 1
    crossing = buy(shop, "anna", 1, now - 8 * DAY_MS)
    settle(shop)
    assert shop.taken == [("anna", "silver", now - 8 * DAY_MS)]
    after = buy(shop, "anna", 99, now - 7 * DAY_MS)
    late = buy(shop, "anna", 99, now - 8 * DAY_MS - 1)
    settle(shop)
    assert shop.earned["anna", crossing].points == 1
    found = shop.earned["anna", after]
    assert (found.tier, found.discount_hundredths, found.points) == ("silver", 90, 118)  # 99 × 1.20 = 118.8
    assert [(rule.rule_id, rule.factor_hundredths) for rule in found.rules] == [("base", 100), ("tier:silver", 120)]
    found = shop.earned["anna", late]  # silver did not hold yet
    assert (found.tier, found.discount_hundredths, found.points) == ("ordinary", 0, 99)
    shop.verify()
    said = shop.ctl("explain", "tier", "anna").stdout
    assert "Member anna has tier Silver (silver)" in said and "growth 1001 is more than 1000" in said, said
    assert "会员 anna 的等级：银卡（silver）" in said and "成长值 1001 超过 1000" in said, said
    said = shop.ctl("explain", after, "--member", "anna").stdout
    assert "tier Silver (points ×1.20, pays 90 %)" in said and "等级 银卡（积分 ×1.20，实付 90%）" in said, said
    assert "silver since" in shop.ctl("tail", "points").stdout


def test_ten_thousand_yuan_in_a_year_is_diamond_and_ends_when_the_year_does(shop):
    follow(shop)
    shop.start_accrual()
    shop.start_tier()
    now = int(time.time() * 1000)
    begin = now - 400 * DAY_MS
    buy(shop, "bo", 6000, begin)
    buy(shop, "bo", 4001, begin + 100 * DAY_MS)
    buy(shop, "bo", 1, begin + 250 * DAY_MS)
    settle(shop)
    wait_timers(shop, ["bo"])
    kinds = [(change.tier_before, change.tier, change.reason) for _, change in shop.changes if change.kind in (2, 3)]
    assert kinds == [
        ("ordinary", "gold", "growth"),
        ("gold", "diamond", "year-spend"),
        ("diamond", "gold", "year-spend"),
    ]
    state = tier_state(shop, "bo")
    assert state.tier == "gold" and state.growth == 10002
    assert [tier for _, tier, _ in shop.taken] == ["gold", "diamond", "gold"]
    last = buy(shop, "bo", 10, now - 60_000)
    settle(shop)
    assert shop.earned["bo", last].points == 15
    shop.verify()
    assert "is no longer more than the ¥10000.00 of Diamond" in shop.ctl("explain", "tier", "bo").stdout


def random_lives(members, rounds, seed):
    """Rounds of purchases, each member at most once in each, later than before: (member, yuan, time)."""
    chance = random.Random(seed)
    clock = {f"m{number}": BEGIN_MS - 300 * DAY_MS + chance.randrange(DAY_MS) for number in range(members)}
    lives = []
    for _ in range(rounds):
        some = []
        for member_id in clock:
            if chance.random() < 0.7:
                days = chance.choice([1, 3, 10, 40]) if chance.random() < 0.93 else 200
                clock[member_id] += chance.randrange(1, days * DAY_MS)
                some.append((member_id, chance.choice([5, 30, 300, 2500, 6000]), clock[member_id]))
        lives.append(some)
    return lives


def test_every_purchase_earns_by_the_tier_that_an_independent_ladder_gives(shop):
    follow(shop)
    shop.start_accrual()
    shop.start_tier()
    ladders, expected = {}, {}
    for some in random_lives(members=30, rounds=9, seed=3):
        for member_id, yuan, at_ms in some:
            ladder = ladders.setdefault(member_id, Ladder())
            tier = ladder.at(at_ms).tier
            name = member_id, buy(shop, member_id, yuan, at_ms)
            expected[name] = (tier, DISCOUNT[tier], yuan * MULTIPLIER[tier] // 100)
            ladder.buy(at_ms, yuan * 100)
        settle(shop)
        wait_timers(shop, ladders)
    found = {
        name: (change.tier, change.discount_hundredths, change.points) for name, change in shop.earned.items()
    }
    assert found == expected
    assert len({tier for tier, _, _ in expected.values()}) == 4
    now = time.time() * 1000
    for member_id, ladder in ladders.items():
        state, then = tier_state(shop, member_id), ladder.at(now)
        assert (state.tier, state.growth) == (then.tier, then.growth), member_id
        if then.since_ms:
            assert state.since_ms == then.since_ms, member_id
    shop.verify()


def test_a_killed_tier_goes_on_exactly(shop):
    follow(shop)
    shop.start_accrual().wait_ready()
    tier = shop.start_tier().wait_ready()
    ladders, count = {}, Counter()
    for number, some in enumerate(random_lives(members=40, rounds=24, seed=9)):
        for member_id, yuan, at_ms in some:
            ladders.setdefault(member_id, Ladder()).buy(at_ms, yuan * 100)
            count[member_id] += 1
            buy(shop, member_id, yuan, at_ms)
        if number in (6, 12, 18):
            tier.kill()
            tier.start()
        time.sleep(0.1)
    settle(shop)
    wait_timers(shop, ladders)
    bought = Counter(record.member_id for record, change in shop.changes if change.day)
    assert bought == count
    now = time.time() * 1000
    for member_id, ladder in ladders.items():
        state, then = tier_state(shop, member_id), ladder.at(now)
        assert (state.tier, state.growth) == (then.tier, then.growth), member_id
        assert state.last_purchase_at_ms == ladder.bought[-1].at_ms
    assert all(record.outcome == common.OUTCOME_ACCEPTED for record, _ in shop.changes)
    shop.verify()
