"""The till's way with coupons: look at one, use it once."""

import concurrent.futures
import itertools
import threading
import time

import pytest
import requests
from confluent_kafka import Producer

from backend import wait_until
from partitioner import partition_of
from protos import campaigns, commands

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = itertools.count(1)
emissions = {}


def check_character(digits):
    weighed = [2 * DIGITS.index(digit) if place % 2 == 0 else DIGITS.index(digit) for place, digit in enumerate(digits)]
    return DIGITS[-sum(number // 32 + number % 32 for number in weighed) % 32]


def new_code():
    digits = f"7K01{next(codes):07d}"
    return digits + check_character(digits)


@pytest.fixture(scope="module")
def running(system):
    system.ensure("campaign", system.start_campaign).wait_ready()
    return system


@pytest.fixture
def issued(running):
    """A coupon that can be used, as the member's side of campaign opens it."""
    producer = Producer({"bootstrap.servers": running.backend.brokers})

    def issued(valid_ms=3600_000):
        code, now = new_code(), int(time.time() * 1000)
        entity = f"coupon/{code}"
        partition = partition_of(entity, running.partitions)
        number = emissions[running.name, partition] = emissions.get((running.name, partition), 0) + 1
        coupon = campaigns.Coupon(
            code=code, campaign_id="birthday", campaign_version=1, name_zh="生日券", name_en="Birthday", value_fen=2000,
            minimum_spend_fen=10000, issued_at_ms=now, expires_at_ms=now + valid_ms,
        )
        command = commands.Command(
            command_id=f"open-{code}", member_id=entity, to="campaigns", issued_at_ms=now,
            origin=commands.Origin(log="tests", partition=0, number=number),
            open_coupon=commands.OpenCoupon(
                member_id="m-coupons", code=code, campaign_id="birthday", expires_at_ms=now + valid_ms, coupon=coupon
            ),
        )
        producer.produce(running.topic("commands"), command.SerializeToString(), entity, partition)
        assert producer.flush(10) == 0
        url = f"{running.gateway_url}/v1/coupons/{code}"
        wait_until(lambda: requests.get(url, timeout=10).status_code == 200, f"coupon {code}", 20)
        return code

    return issued


@pytest.fixture
def redeem(running):
    def redeem(code, redemption="r-1", headers=None, **body):
        body = {"store_id": "S001", "redemption_id": redemption} | body
        body = {name: value for name, value in body.items() if value is not None}
        url = f"{running.gateway_url}/v1/coupons/{code}/redeem"
        return requests.post(url, json=body, headers=headers, timeout=30)

    return redeem


def show(running, code):
    return requests.get(f"{running.gateway_url}/v1/coupons/{code}", timeout=10)


def test_a_coupon_is_shown_and_used_once(running, issued, redeem):
    code = issued()
    coupon = show(running, code).json()
    assert (coupon["status"], coupon["value_fen"], coupon["member_id"]) == ("open", 2000, "m-coupons")
    used = redeem(code, purchase_id="bill-1")
    assert used.status_code == 200, used.text
    assert (used.json()["status"], used.json()["store_id"]) == ("redeemed", "S001")
    assert show(running, code).json() == used.json()
    again = redeem(code, "r-2")
    assert (again.status_code, again.json()["code"]) == (409, "coupon_redeemed")


def test_the_same_redemption_again_is_answered_the_same(issued, redeem):
    code = issued()
    first = redeem(code, "till-4-0815")
    for answer in (
        redeem(code, "till-4-0815"),
        redeem(code, None, {"Idempotency-Key": "till-4-0815"}),
    ):
        assert (answer.status_code, answer.json()) == (200, first.json())


def test_of_64_tills_at_once_one_wins(running, issued, redeem):
    code = issued()
    together = threading.Barrier(64)

    def till(number):
        together.wait()
        return redeem(code, f"till-{number}", store_id=f"S{number}")

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(till, range(64)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 63
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert show(running, code).json() == winner


def test_an_expired_coupon_is_refused(running, issued, redeem):
    code = issued(valid_ms=600)
    wait_until(lambda: show(running, code).json()["status"] == "expired", "its end", 10)
    answer = redeem(code)
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_expired")


def test_a_code_is_read_as_people_type_it(issued, redeem):
    code = issued()
    typed = code.replace("0", "o").replace("1", "l").lower()
    answer = redeem(f"{typed[:4]}-{typed[4:8]}%20{typed[8:]}")
    assert (answer.status_code, answer.json().get("code")) == (200, code), answer.text


def test_a_code_that_nobody_has_is_unknown_and_a_typing_error_is_told(running, redeem):
    unissued = redeem(new_code())
    assert (unissued.status_code, unissued.json()["code"]) == (404, "coupon_unknown")
    good = new_code()
    wrong = good[:-1] + DIGITS[(DIGITS.index(good[-1]) + 1) % 32]
    for path in (wrong, "x", "%E5%88%B8", "0" * 40):
        for answer in (redeem(path), show(running, path)):
            assert (answer.status_code, answer.json()["code"]) == (404, "coupon_unknown")
    assert "typing error" in redeem(wrong).json()["detail"]


def test_what_breaks_the_contract_is_refused_by_field(redeem):
    code = new_code()
    for body, code_wanted, field in (
        ({"redemption_id": None}, "missing_field", "redemption_id"),
        ({"store_id": None}, "missing_field", "store_id"),
        ({"store_id": "a b"}, "invalid_field", "store_id"),
        ({"purchase_id": 7}, "invalid_field", "purchase_id"),
        ({"surprise": 7}, "unknown_field", "surprise"),
    ):
        answer = redeem(code, **({"redemption": body["redemption_id"]} if "redemption_id" in body else body))
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code_wanted, field)
