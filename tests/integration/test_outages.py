"""Kafka and Redis fail while purchases go on: services stop taking, wait, and go on by themselves."""

import concurrent.futures
import threading
import time

import pytest
import requests

from backend import wait_until
from store import Stream, line, purchase

pytestmark = pytest.mark.slow


def check(system, stream):
    system.check_against(stream.ledger.accepted)
    assert system.log.outcomes == {"OUTCOME_ACCEPTED": stream.published}


def test_redis_is_killed_and_comes_back_without_its_last_minute(outage):
    accrual = outage.start_accrual().wait_ready()
    with Stream(outage) as stream:
        time.sleep(1)
        outage.backend.kill_redis()
        wait_until(lambda: not accrual.ready(), "accrual says that it is not ready while Redis is away", 20)
        time.sleep(1)
        outage.backend.start_redis()
        accrual.wait_ready()
        time.sleep(1)
    check(outage, stream)


def test_redis_loses_everything_while_services_run(outage):
    accrual = outage.start_accrual().wait_ready()
    with Stream(outage) as stream:
        for _ in range(3):
            time.sleep(1)
            outage.redis.flushall()
        time.sleep(1)
    check(outage, stream)
    assert accrual.starts == 1


def test_redis_loses_everything_while_nobody_buys(outage):
    """An idle partition looks after its projection too."""
    outage.start_accrual().wait_ready()
    with Stream(outage) as stream:
        time.sleep(0.5)
    outage.settle()
    outage.redis.flushall()
    check(outage, stream)


def test_redis_is_restarted_from_an_older_file(outage):
    accrual = outage.start_accrual().wait_ready()
    with Stream(outage) as stream:
        time.sleep(1)
        snapshot = outage.backend.save_snapshot()
        time.sleep(1.5)
        outage.backend.restart_redis_from(snapshot)
        accrual.wait_ready()
        time.sleep(1)
        outage.backend.restart_redis_from(snapshot)
    check(outage, stream)


def test_redis_is_restarted_from_an_older_file_while_accrual_is_dead(outage):
    accrual = outage.start_accrual(HY_STATIC_MEMBERSHIP="true").wait_ready()
    with Stream(outage) as stream:
        time.sleep(0.5)
        snapshot = outage.backend.save_snapshot()
        time.sleep(1)
        accrual.kill()
        outage.backend.restart_redis_from(snapshot)
        accrual.start().wait_ready()
    check(outage, stream)


def test_kafka_is_killed_and_comes_back(outage):
    accrual = outage.start_accrual().wait_ready()
    with Stream(outage) as stream:
        time.sleep(1)
        outage.backend.kill_kafka()
        time.sleep(2)
        outage.backend.start_kafka()
        time.sleep(1)
    accrual.wait_ready(90)
    check(outage, stream)


def test_what_is_posted_while_redis_is_away_is_neither_lost_nor_counted_twice(outage):
    """The till gets an answer that says: try again. It does, and has its points once."""
    outage.start_accrual().wait_ready()
    gateway = outage.start_gateway(HY_ANSWER_TIMEOUT_MS="1000")
    bought = purchase("m1", "p1")
    ledger = outage.ledger()
    ledger.take(bought)
    outage.backend.kill_redis()
    answer = requests.post(f"{gateway.url}/v1/purchases", json=bought, timeout=30)
    assert answer.status_code in (202, 503), answer.text
    outage.backend.start_redis()

    def retried():
        answer = requests.post(f"{gateway.url}/v1/purchases", json=bought, timeout=30)
        assert answer.status_code in (201, 202, 503), answer.text
        return answer if answer.status_code == 201 else None

    assert wait_until(retried, "201 at last", 60).json()["points"] == ledger.balance["m1"]
    outage.check_against(ledger.accepted)


def till(url, member_id, leaving, answers):
    """Posts one purchase after the other; each again and again until its points are known."""
    while not leaving.is_set():
        bought = purchase(member_id, lines=[line(paid_fen=1234)])
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, f"{bought['purchase_id']} is not answered"
            try:
                answer = requests.post(f"{url}/v1/purchases", json=bought, timeout=10)
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if answer.status_code == 201:
                answers.append((bought, answer.json()))
                break
            assert answer.status_code in (202, 503), answer.text
            time.sleep(0.1)


def test_tills_that_repeat_until_answered_have_each_purchase_once_whatever_fails(outage):
    accrual = outage.start_accrual(HY_STATIC_MEMBERSHIP="true").wait_ready()
    gateway = outage.start_gateway(HY_ANSWER_TIMEOUT_MS="500")
    leaving, answers = threading.Event(), {f"till-{i}": [] for i in range(6)}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        tills = [
            pool.submit(till, gateway.url, member_id, leaving, found) for member_id, found in answers.items()
        ]
        try:
            time.sleep(1)
            outage.backend.kill_redis()
            time.sleep(1)
            outage.backend.start_redis()
            time.sleep(1)
            gateway.kill()
            time.sleep(0.5)
            gateway.start()
            accrual.kill()
            time.sleep(0.5)
            accrual.start()
            time.sleep(1)
            outage.backend.kill_kafka()
            outage.backend.start_kafka()
            time.sleep(1)
            outage.redis.flushall()
            time.sleep(1)
        finally:
            leaving.set()
        for one in tills:
            one.result()
    ledger = outage.ledger()
    for found in answers.values():
        assert len(found) > 10
        for bought, answer in found:
            expected = ledger.take(bought)
            assert (answer["points"], answer["balance"]) == (
                expected.points,
                ledger.balance[bought["member_id"]],
            )
    outage.check_against(ledger.accepted)
