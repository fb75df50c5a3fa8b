"""Rules change by date: each purchase has the rules of its own time, and its record says which."""

import random

import pytest

import oracle
from backend import wait_until
from store import BEGIN_MS, DAY_MS, line, purchase
from system import PROGRAMS

BEFORE_MS, AFTER_MS = BEGIN_MS, BEGIN_MS + 40 * DAY_MS


def test_a_purchase_has_the_rules_of_its_own_time(fresh):
    """Version 2 holds from 2025-04-01, midnight in Shanghai, whenever a purchase arrives."""
    fresh.publish_program(PROGRAMS / "april.yaml")
    ledger = fresh.ledger()
    midnight_ms = fresh.programs[1].effective_from_ms
    moments = [BEFORE_MS, AFTER_MS, midnight_ms - 1, midnight_ms, BEFORE_MS + DAY_MS]
    purchases = [
        purchase(f"m{member}", occurred_at_ms=moment + member) for moment in moments for member in range(0, 1)
    ]
    purchases += [
        purchase("m9", occurred_at_ms=moment, lines=[line(paid_fen=12345), line(2, 333, brand="Private")])
        for moment in moments
    ]
    versions = [ledger.take(bought).version for bought in purchases]
    assert versions == [1, 2, 1, 2, 1] * 2
    fresh.start_accrual()
    fresh.publish(*purchases)
    fresh.check_against(ledger.accepted)


def test_a_version_published_while_purchases_go_on_takes_hold_without_a_restart(fresh):
    accrual = fresh.start_accrual().wait_ready()
    ledger = fresh.ledger()
    early = [purchase("m1", occurred_at_ms=BEFORE_MS + i) for i in range(5)]
    fresh.publish(*early)
    expected = [ledger.take(bought) for bought in early]
    fresh.settle()
    fresh.publish_program(PROGRAMS / "april.yaml")

    def in_force():
        probe = purchase("probe", occurred_at_ms=AFTER_MS)
        fresh.publish(probe)
        fresh.settle()
        return fresh.log.accepted["probe", probe["purchase_id"]][2] == 2

    wait_until(in_force, "the new version is in force", 5)
    renewed = fresh.ledger()
    late = [purchase("m1", occurred_at_ms=AFTER_MS + i) for i in range(5)] + [
        purchase("m1", occurred_at_ms=BEFORE_MS + 100)
    ]
    fresh.publish(*late)
    fresh.settle()
    expected += [renewed.take(bought) for bought in late]
    assert [entry.version for entry in expected] == [1] * 5 + [2] * 5 + [1]
    found = [fresh.log.accepted["m1", bought["purchase_id"]] for bought in early + late]
    assert found == [(entry.points, entry.lines, entry.version) for entry in expected]
    assert accrual.starts == 1
    fresh.verify()


def test_rules_of_every_kind_come_to_what_the_oracle_says(make_system):
    """Stores, channels, weekdays, dates, brands, categories, spend, payments: everything at once, rounded upwards."""
    system = make_system().publish_program(PROGRAMS / "everything.yaml")
    ledger = system.ledger()
    chance = random.Random(7)
    for number in range(3000):
        lines = [
            line(
                i + 1,
                chance.choice([0, 1, 99, 100, 101, 333, 1999, 123456]),
                category=chance.choice(["PRODUCE", "MEAT", "FUEL", "TOYS", ""]),
                brand=chance.choice(["Private", "National", ""]),
            )
            for i in range(chance.randint(1, 8))
        ]
        total = sum(row["paid_fen"] for row in lines)
        gift = chance.choice([0, 0, total // 3, total])
        payments = chance.choice(
            [
                [],
                [
                    {"method": "WECHAT", "amount_fen": total - gift},
                    {"method": chance.choice(["GIFT_CARD", "POINTS_PAID"]), "amount_fen": gift},
                ],
            ]
        )
        bought = purchase(
            f"m{number % 50}",
            lines=lines,
            store_id=chance.choice(["S1", "S2", "S3"]),
            channel=chance.choice(["STORE", "ONLINE", "APP", "MINI_PROGRAM", "PARTNER"]),
            occurred_at_ms=BEGIN_MS + chance.randrange(60 * DAY_MS),
            payments=payments,
        )
        assert ledger.take(bought).outcome == "accepted"
        system.publish(bought) if number % 1000 == 0 else system.store().publish(bought, flush=False)
    system.store().flush()
    system.start_accrual()
    system.check_against(ledger.accepted)


@pytest.mark.parametrize("program", ["plain", "april", "everything"])
def test_shares_add_up_and_no_line_is_more_than_one_point_off(program):
    """The oracle itself: rounding never loses or makes a point."""
    rules = oracle.load(PROGRAMS / f"{program}.yaml")
    for cents in range(500, 700, 7):
        lines = [oracle.Line(str(i), "MEAT", "Private", cents // (i + 1)) for i in range(5)]
        shares = rules.points("S1", "APP", BEGIN_MS + cents * DAY_MS // 9, lines)
        assert all(share >= 0 for share in shares)
        assert sum(shares) == sum(
            rules.points(
                "S1",
                "APP",
                BEGIN_MS + cents * DAY_MS // 9,
                [oracle.Line("1", "MEAT", "Private", sum(row.paid_fen for row in lines))],
            )
        )
