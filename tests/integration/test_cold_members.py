"""The members of a shop need not fit into memory: those away for long are fetched from Redis when they come again."""

from store import purchase


def test_more_members_than_the_cache_holds_lose_nothing(fresh):
    rounds = [[purchase(f"cold-{member}") for member in range(5000)] for _ in range(3)]
    ledger = fresh.ledger()
    accrual = fresh.start_accrual(HY_CACHE_MEMBERS="1000")
    for purchases in rounds:
        for bought in purchases:
            ledger.take(bought)
        fresh.publish(*purchases)
        fresh.settle()
        assert accrual.metrics()["huiyuan_cached_members"] <= 1000
    fresh.publish(*rounds[0])
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 15000, "OUTCOME_DUPLICATE": 5000}
    assert accrual.metrics()["huiyuan_members_loaded_total"] > 10000


def test_one_member_with_thousands_of_purchases_is_a_member_like_any_other(fresh):
    """What an event writes does not grow with the history; repetitions are found however many there are."""
    purchases = [purchase("busy") for _ in range(5000)]
    ledger = fresh.ledger()
    accrual = fresh.start_accrual()
    for bought in purchases:
        ledger.take(bought)
    fresh.publish(*purchases)
    fresh.settle()
    assert len(fresh.redis.get(fresh.member_key("busy"))) < 2000
    accrual.stop()
    fresh.start_accrual("another")
    fresh.publish(*purchases[::7])
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 5000, "OUTCOME_DUPLICATE": len(purchases[::7])}
