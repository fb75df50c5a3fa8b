"""The till's way: POST a purchase, and see the points."""

import concurrent.futures
import threading
import time

import pytest
import requests

from backend import wait_until
from store import BEGIN_MS, line, purchase


@pytest.fixture(scope="module")
def running(system):
    """With an accrual that answers."""
    system.ensure("accrual", system.start_accrual).wait_ready()
    return system


@pytest.fixture
def post(running):
    def post(body, **headers):
        return requests.post(
            f"{running.gateway_url}/v1/purchases",
            json=body,
            headers={name.replace("_", "-"): text for name, text in headers.items()},
            timeout=30,
        )

    return post


@pytest.fixture
def get(running):
    return lambda path, **rest: requests.get(running.gateway_url + path, timeout=30, **rest)


def test_a_purchase_is_answered_with_its_points_by_line_and_the_new_balance(running, post, get):
    ledger = running.ledger()
    balance = 0
    for _ in range(3):
        bought = purchase(
            "till-1",
            lines=[line("a", 1234, category="PRODUCE"), line("b", 777), line("c", 999, brand="Private")],
        )
        expected = ledger.take(bought)
        balance += expected.points
        answer = post(bought)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body.pop("entry").startswith(f"{running.partition_of('till-1')}-")
        assert body == {
            "purchase_id": bought["purchase_id"],
            "member_id": "till-1",
            "points": expected.points,
            "balance": balance,
            "lines": [
                {"line_id": row["line_id"], "points": points}
                for row, points in zip(bought["lines"], expected.lines)
            ],
        }
        member = get("/v1/members/till-1").json()
        assert member["points"] == {"balance": balance, "earned": balance}, "what was answered is visible"


def test_a_retry_has_the_same_bytes(post):
    bought = purchase("till-2", lines=[line("a", 5000), line("b", 1)])
    first = post(bought)
    post(purchase("till-2"))
    again = [post(bought) for _ in range(5)]
    assert first.status_code == 201 and "Idempotent-Replayed" not in first.headers
    for answer in again:
        assert (answer.status_code, answer.content) == (201, first.content)
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert answer.headers["Location"] == first.headers["Location"]


def test_another_body_under_the_same_id_is_refused_and_the_first_answer_stands(post, get):
    bought = purchase("till-3", "bill-1")
    first = post(bought)
    other = post(dict(bought, lines=[line(paid_fen=999999)]))
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (
        422,
        "id_reused",
        "purchase_id",
    )
    assert post(bought).content == first.content
    assert get("/v1/members/till-3").json()["points"]["balance"] == first.json()["points"]


def test_who_does_not_want_to_wait_polls_and_finds_the_same_answer(running, post, get):
    bought = purchase("till-4")
    answer = post(bought, Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    assert answer.headers["Preference-Applied"] == "respond-async"
    place = answer.headers["Location"]
    found = wait_until(
        lambda: (found := get(place)).status_code == 200 and found, "the outcome at its Location", 20
    )
    expected = running.ledger().take(bought)
    assert found.json()["points"] == expected.points
    assert post(bought).content == found.content


def test_an_outcome_that_is_a_refusal_is_told_both_ways(post, get):
    early = purchase("till-5", occurred_at_ms=1_500_000_000_000)
    refused = post(early)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422,
        "no_program",
        "occurred_at_ms",
    )
    assert refused.headers["Content-Type"] == "application/problem+json"
    dollars = purchase("till-5", currency="USD")
    answer = post(dollars, Prefer="respond-async")
    assert answer.status_code == 202
    found = wait_until(
        lambda: (found := get(answer.headers["Location"])).status_code != 202 and found,
        "the outcome at its Location",
        20,
    )
    assert (found.status_code, found.json()["code"], found.json()["field"]) == (
        422,
        "currency_not_accepted",
        "currency",
    )


def test_64_tills_that_post_the_same_purchase_at_once_make_one_entry(running, get):
    bought = purchase("till-6", lines=[line(paid_fen=8800)])
    url = f"{running.gateway_url}/v1/purchases"
    together = threading.Barrier(64)

    def till(_):
        with requests.Session() as session:
            together.wait()
            return session.post(url, json=bought, timeout=30)

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(till, range(64)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(get("/v1/members/till-6/entries").json()["entries"]) == 1
    running.settle()
    assert [name for name in running.log.accepted if name[0] == "till-6"] == [
        ("till-6", bought["purchase_id"])
    ]


def test_all_entries_are_found_page_by_page_newest_first(running, get):
    purchases = [
        purchase("till-7", lines=[line(paid_fen=1000 + number * 100), line(2, 50)]) for number in range(47)
    ]
    ledger = running.ledger()
    expected = [ledger.take(bought) for bought in purchases]
    running.publish(*purchases)
    running.settle()
    for limit in (1, 7, 8, 20, 46, 47, 100):
        entries, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            page = get(
                "/v1/members/till-7/entries", params={"limit": limit} | ({"cursor": cursor} if cursor else {})
            ).json()
            assert len(page["entries"]) <= limit
            entries += page["entries"]
            cursor, pages = page["next_cursor"], pages + 1
        assert pages == -(-47 // limit)
        assert [entry["purchase_id"] for entry in entries] == [
            bought["purchase_id"] for bought in reversed(purchases)
        ]
        assert [entry["points"] for entry in entries] == [one.points for one in reversed(expected)]
        assert [entry["line_points"] for entry in entries] == [one.lines for one in reversed(expected)]
        assert entries[0]["balance_after"] == sum(one.points for one in expected)


def test_new_entries_do_not_move_the_pages_of_a_reader(running, post, get):
    old = [purchase("till-8") for _ in range(12)]
    running.publish(*old)
    running.settle()
    first = get("/v1/members/till-8/entries", params={"limit": 5}).json()
    for _ in range(9):
        assert post(purchase("till-8")).status_code == 201
    second = get("/v1/members/till-8/entries", params={"limit": 100, "cursor": first["next_cursor"]}).json()
    names = [entry["purchase_id"] for entry in first["entries"] + second["entries"]]
    assert names == [bought["purchase_id"] for bought in reversed(old)]


def test_a_member_that_did_not_change_is_not_sent_again(post, get):
    post(purchase("till-9"))
    first = get("/v1/members/till-9")
    again = get("/v1/members/till-9", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    post(purchase("till-9"))
    changed = get("/v1/members/till-9", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.headers["ETag"] != first.headers["ETag"]
    assert changed.json()["purchases"] == 2


def test_an_idempotency_key_stands_for_the_purchase_id_and_is_bound_to_its_body(post):
    bought = purchase("till-10")
    del bought["purchase_id"]
    first = post(bought, Idempotency_Key="key-1")
    assert first.status_code == 201 and first.json()["purchase_id"] == "key-1"
    assert post(bought, Idempotency_Key="key-1").content == first.content
    other = post(dict(bought, store_id="S2"), Idempotency_Key="key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_posted_and_a_published_purchase_are_the_same_purchase(running, post, get):
    bought = purchase("till-11", occurred_at_ms=BEGIN_MS)
    first = post(bought)
    running.publish(bought)
    running.settle()
    assert first.status_code == 201
    assert get("/v1/members/till-11").json()["purchases"] == 1
    iso = {name: value for name, value in bought.items() if name != "occurred_at_ms"} | {
        "occurred_at": "2025-03-01T11:33:20+08:00"
    }
    assert post(iso).content == first.content


def test_while_accrual_is_away_a_purchase_is_kept_and_its_outcome_comes_later(fresh):
    ledger = fresh.ledger()
    gateway = fresh.start_gateway(HY_ANSWER_TIMEOUT_MS="500")
    bought = purchase("m1")
    expected = ledger.take(bought)
    begin = time.monotonic()
    answer = requests.post(f"{gateway.url}/v1/purchases", json=bought, timeout=30)
    assert answer.status_code == 202, answer.text
    assert 0.4 < time.monotonic() - begin < 5
    place = gateway.url + answer.headers["Location"]
    assert requests.get(place, timeout=30).status_code == 202
    again = requests.post(f"{gateway.url}/v1/purchases", json=bought, timeout=30)
    assert (again.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    fresh.start_accrual()
    found = wait_until(
        lambda: (found := requests.get(place, timeout=30)).status_code == 200 and found,
        "the outcome at its Location",
        30,
    )
    assert found.json()["points"] == found.json()["balance"] == expected.points
    assert requests.post(f"{gateway.url}/v1/purchases", json=bought, timeout=30).content == found.content
    fresh.check_against(ledger.accepted)


def test_another_gateway_gives_the_same_answer(running, post):
    bought = purchase("till-12")
    first = post(bought)
    other = running.start("hy-gateway", "second-gateway", {}, "HY_HTTP_LISTEN").wait_ready()
    answer = requests.post(f"{other.url}/v1/purchases", json=bought, timeout=30)
    assert (answer.status_code, answer.content) == (201, first.content)
    assert other.stop() < 5


def test_everything_that_was_answered_is_in_the_log(running):
    running.settle()
    assert running.log.outcomes["OUTCOME_ACCEPTED"] == len(running.log.accepted) > 50
    running.verify()
