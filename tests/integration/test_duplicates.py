"""A purchase counts once, however often and through whomever it is published."""

from protos import purchases as contract
from store import DAY_MS, MINUTE_MS, message, purchase, some_purchases


def test_the_same_purchases_published_twice_count_once(fresh):
    purchases = some_purchases(500)
    ledger = fresh.ledger()
    fresh.start_accrual("accrual-a")
    for bought in purchases:
        ledger.take(bought)
    fresh.publish(*purchases)
    fresh.publish(*purchases)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 500, "OUTCOME_DUPLICATE": 500}
    assert fresh.dead_letters() == {}


def test_published_a_third_time_they_are_recognised_by_another_instance_that_never_saw_them(fresh):
    purchases = some_purchases(300, seed=2)
    ledger = fresh.ledger()
    for bought in purchases:
        ledger.take(bought)
    first = fresh.start_accrual("accrual-a")
    fresh.publish(*purchases)
    fresh.publish(*reversed(purchases))
    fresh.settle()
    first.stop()
    fresh.start_accrual("accrual-b")
    fresh.publish(*purchases)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 300, "OUTCOME_DUPLICATE": 600}


def test_the_meaning_counts_not_the_bytes(fresh):
    """Another encoder may order fields otherwise, add fields that we do not know, and name the currency."""
    bought = purchase("m1")
    ledger = fresh.ledger()
    ledger.take(bought)
    fresh.start_accrual()
    fresh.publish(bought, dict(bought, currency="CNY"))
    event = message(bought).SerializeToString()
    unknown_field = bytes([15 << 3 | 2, 3]) + b"new"
    assert contract.StoreEvent.FromString(unknown_field + event).purchase.purchase_id == bought["purchase_id"]
    fresh.store().send(b"m1", unknown_field + event)
    fresh.store().flush()
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 1, "OUTCOME_DUPLICATE": 2}


def test_the_same_id_of_another_member_is_another_purchase(fresh):
    purchases = [purchase(f"m{i}", "till-7-0001") for i in range(40)]
    ledger = fresh.ledger()
    for bought in purchases:
        ledger.take(bought)
    fresh.start_accrual()
    fresh.publish(*purchases)
    fresh.check_against(ledger.accepted)
    assert len(ledger.accepted) == 40


def test_a_repeated_purchase_is_recognised_to_the_end_of_the_window_and_refused_beyond(fresh):
    """Never guessed: inside the window a repetition is recognised, before it everything is refused."""
    ledger = fresh.ledger()
    begin = purchase("m1")["occurred_at_ms"]
    first = purchase("m1", "first", begin)
    second = purchase("m1", "second", begin + MINUTE_MS)
    last = purchase("m1", "last", begin + 90 * DAY_MS + MINUTE_MS)
    sequence = [
        first,
        second,
        last,
        second,
        first,
        purchase("m1", "late", begin + MINUTE_MS),
        purchase("m1", "too-late", begin),
    ]
    outcomes = [ledger.take(bought).outcome for bought in sequence]
    assert outcomes == ["accepted", "accepted", "accepted", "duplicate", "too_old", "accepted", "too_old"]
    fresh.start_accrual()
    fresh.publish(*sequence)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 4, "OUTCOME_DUPLICATE": 1, "OUTCOME_REJECTED": 2}
    assert sorted((letter.input_id, letter.code) for letter in fresh.dead_letters().values()) == [
        ("first", "too_old"),
        ("too-late", "too_old"),
    ]
