"""Kafka and Redis fail while purchases go on: services stop taking, wait, and go on by themselves."""

import time

import pytest
import requests

from backend import wait_until
from store import Stream, purchase

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
