"""What cannot be taken is kept, with its reason, and stops nobody."""

import re
import time

import pytest

from protos import purchases as contract
from store import BEGIN_MS, DAY_MS, encode, line, message, purchase

CHINESE = re.compile("[\u4e00-\u9fff]")
MARK = "@@@@"


def broken_utf8(event):
    """Four bytes that no encoder would write, where a text says @@@@."""
    assert event.count(MARK.encode()) == 1
    return event.replace(MARK.encode(), b"\xff\xfe\xc0\x80")


def without(field):
    event = message(purchase("m"))
    event.purchase.ClearField(field)
    return event.SerializeToString()


def raw(**fields):
    """Values that the checks of a good client would not let through."""
    event = message(purchase("m"))
    for name, value in fields.items():
        setattr(event.purchase, name, value)
    return event.SerializeToString()


CASES = {
    "noise": (b"\xff\xff\xff nonsense", "malformed", ""),
    "cut": (encode(purchase("m"))[:-3], "malformed", ""),
    "empty": (b"", "missing_field", "purchase"),
    "nothing inside": (contract.StoreEvent(command_id="x").SerializeToString(), "missing_field", "purchase"),
    "oversized": (
        encode(purchase("m")) + bytes([15 << 3 | 2]) + b"\x80\x80\x12" + b"x" * 0x48000,
        "too_large",
        "",
    ),
    "future": (
        encode(purchase("m", occurred_at_ms=int(time.time() * 1000) + 25 * 3600 * 1000)),
        "in_future",
        None,
    ),
    "too old": (encode(purchase("regular", occurred_at_ms=BEGIN_MS - 91 * DAY_MS)), "too_old", None),
    "same id, other content": (
        encode(purchase("regular", "known", BEGIN_MS, [line(paid_fen=99999)])),
        "id_reused",
        None,
    ),
    "dollars": (encode(purchase("m", currency="USD")), "currency_not_accepted", "currency"),
    "before the first program": (
        encode(purchase("m", occurred_at_ms=1_500_000_000_000)),
        "no_program",
        "occurred_at_ms",
    ),
    "broken text": (
        broken_utf8(encode(purchase("m", lines=[line(category=MARK)]))),
        "invalid_field",
        "lines[0].category",
    ),
    "broken member": (broken_utf8(encode(purchase("m" + MARK))), "invalid_field", "member_id"),
    "negative": (encode(purchase("m", lines=[line(), line(2, -1)])), "invalid_field", "lines[1].paid_fen"),
    "501 lines": (
        encode(purchase("m", lines=[line(number, 1) for number in range(501)])),
        "invalid_field",
        "lines",
    ),
    "no lines": (without("lines"), "missing_field", "lines"),
    "one line twice": (encode(purchase("m", lines=[line(), line()])), "invalid_field", "lines[1].line_id"),
    "no member": (without("member_id"), "missing_field", "member_id"),
    "no store": (without("store_id"), "missing_field", "store_id"),
    "no time": (without("occurred_at_ms"), "missing_field", "occurred_at_ms"),
    "seconds for milliseconds": (raw(occurred_at_ms=1_740_800_000), "invalid_field", "occurred_at_ms"),
    "unknown channel": (raw(channel=77), "invalid_field", "channel"),
    "spaces in an id": (raw(purchase_id="two words"), "invalid_field", "purchase_id"),
    "payments": (
        encode(purchase("m", payments=[{"method": "CASH", "amount_fen": 999}])),
        "amount_mismatch",
        "payments",
    ),
}


@pytest.fixture(scope="module")
def refused(system):
    """All cases between good purchases, once: case → its dead letter."""
    ledger = system.ledger()
    system.start_accrual()
    good = [purchase("regular", "known", BEGIN_MS)] + [purchase("regular") for _ in range(len(CASES))]
    found = {}
    for number, bought in enumerate(good):
        ledger.take(bought)
        system.publish(bought)
        if number < len(CASES):
            case = list(CASES)[number]
            system.store().producer.produce(
                system.topic("purchases"),
                key=b"regular",
                value=CASES[case][0],
                on_delivery=lambda error, sent, case=case: found.__setitem__(
                    case, f"purchases/{sent.partition()}/{sent.offset()}"
                ),
            )
            system.store().flush()
    system.check_against(ledger.accepted)
    letters = system.dead_letters()
    assert sorted(letters) == sorted(found.values())
    assert system.log.outcomes["OUTCOME_ACCEPTED"] == len(good)
    return {case: (place, letters[place]) for case, place in found.items()}


@pytest.mark.parametrize("case", CASES)
def test_it_is_kept_with_its_reason_in_both_languages(refused, case):
    value, code, field = CASES[case]
    place, letter = refused[case]
    assert letter.code == code, letter
    if field is not None:
        assert letter.field == field, letter
    assert letter.reason_en and not CHINESE.search(letter.reason_zh.replace(letter.reason_en, "")) is None
    assert letter.log == "points"
    assert f"{letter.topic}/{letter.partition}/{letter.offset}" == place
    assert letter.payload_bytes == len(value)
    assert letter.payload == value[: 16 * 1024]


def test_the_member_and_the_id_are_named_where_they_could_be_read(refused):
    for case in ("same id, other content", "too old", "dollars", "before the first program"):
        letter = refused[case][1]
        sent = contract.StoreEvent.FromString(CASES[case][0]).purchase
        assert (letter.member_id, letter.input_id) == (sent.member_id, sent.purchase_id)


def test_a_refused_purchase_may_come_again_corrected(fresh):
    """A refusal is not remembered: the till corrects the purchase, and sends it under the same id."""
    fresh.start_accrual()
    ledger = fresh.ledger()
    wrong = purchase("m1", "p1", currency="USD")
    right = dict(wrong, currency="CNY")
    assert [ledger.take(wrong).outcome, ledger.take(right).outcome] == ["currency_not_accepted", "accepted"]
    fresh.publish(wrong, right)
    fresh.check_against(ledger.accepted)
