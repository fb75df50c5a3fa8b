"""The desk's way: enrol with a phone, find, change and erase a member; and nothing personal in clear anywhere."""

import concurrent.futures
import itertools
import threading

import pytest
import requests

from backend import wait_until
from store import purchase

phones = (f"+86139{number:08d}" for number in itertools.count(20260001))


@pytest.fixture(scope="module")
def running(system):
    """With the services that know members and points."""
    system.ensure("accrual", system.start_accrual).wait_ready()
    system.ensure("member", system.start_member).wait_ready()
    return system


@pytest.fixture
def call(running):
    """call("POST", "/v1/members", json=…)"""

    def call(method, path, **rest):
        return requests.request(method, running.gateway_url + path, timeout=30, **rest)

    return call


@pytest.fixture
def enrol(call):
    def enrol(phone=None, **fields):
        answer = call("POST", "/v1/members", json={"phone": phone or next(phones)} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return enrol


def test_a_phone_is_all_that_enrolling_needs(running, call):
    phone = next(phones)
    answer = call("POST", "/v1/members", json={"phone": phone})
    assert answer.status_code == 201, answer.text
    member = answer.json()
    assert answer.headers["Location"] == f"/v1/members/{member['member_id']}"
    assert member["created"] is True
    assert member["points"] == {"balance": 0, "earned": 0} and member["purchases"] == 0
    assert member["profile"].pop("enrolled_at")
    assert member["profile"] == {
        "phone": phone,
        "sealed": False,
        "language": "zh",
        "consents": {"email": False, "sms": False, "push": False, "social": False},
        "version": 1,
    }
    shown = call("GET", answer.headers["Location"])
    assert shown.status_code == 200 and shown.headers["ETag"] == answer.headers["ETag"]


def test_everything_that_was_said_is_shown_again(call):
    said = {
        "phone": next(phones),
        "name": "李 小龙",
        "birthday": "1992-02-29",
        "email": "xiaolong.li@example.com",
        "language": "en",
        "consents": {"email": True, "sms": False},
    }
    member = call("POST", "/v1/members", json=said).json()
    profile = call("GET", f"/v1/members/{member['member_id']}").json()["profile"]
    assert {name: profile[name] for name in said if name != "consents"} == {
        name: said[name] for name in said if name != "consents"
    }
    assert profile["consents"] == {"email": True, "sms": False, "push": False, "social": False}


def test_64_tills_that_enrol_the_same_phone_at_once_make_one_member(running, call):
    phone = next(phones)
    url = f"{running.gateway_url}/v1/members"
    together = threading.Barrier(64)

    def till(number):
        with requests.Session() as session:
            together.wait()
            return session.post(url, json={"phone": phone, "name": f"till {number}"}, timeout=30)

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(till, range(64)))
    assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201]
    (member_id,) = {answer.json()["member_id"] for answer in answers}
    assert all(answer.json() == {"member_id": member_id, "created": False} for answer in answers if answer.status_code == 200)
    found = call("GET", "/v1/members", params={"phone": phone}).json()
    assert found["member_id"] == member_id and found["profile"]["version"] == 1
    wait_until(
        lambda: len([key for key in running.redis.scan_iter(f"{running.redis_prefix}*:key:*")]) == len(
            [key for key in running.redis.scan_iter(f"{running.redis_prefix}*:members:m:m*")]
        ),
        "the keys that were drawn for nobody are gone",
        20,
    )


def test_a_known_phone_says_nothing_of_its_member_but_the_id(call, enrol):
    phone = next(phones)
    first = enrol(phone, name="Somebody Else")
    again = call("POST", "/v1/members", json={"phone": phone, "name": "Curious"})
    assert (again.status_code, again.json()) == (200, {"member_id": first["member_id"], "created": False})
    assert "Somebody" not in again.text


def test_an_eleven_digit_number_is_a_chinese_mobile(call):
    first = call("POST", "/v1/members", json={"phone": "13711112222"})
    assert first.status_code == 201 and first.json()["profile"]["phone"] == "+8613711112222"
    again = call("POST", "/v1/members", json={"phone": "+8613711112222"})
    assert (again.status_code, again.json()["member_id"]) == (200, first.json()["member_id"])
    for phone in ("13711112222", "+8613711112222"):
        found = call("GET", "/v1/members", params={"phone": phone})
        assert found.json()["member_id"] == first.json()["member_id"]


def test_a_retry_with_the_same_key_is_the_same_enrolment(call):
    body = {"phone": next(phones), "name": "Twice"}
    first = call("POST", "/v1/members", json=body, headers={"Idempotency-Key": "enrol-1"})
    assert first.status_code == 201 and "Idempotent-Replayed" not in first.headers
    for _ in range(3):
        again = call("POST", "/v1/members", json=body, headers={"Idempotency-Key": "enrol-1"})
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
    other = call("POST", "/v1/members", json=body | {"name": "Other"}, headers={"Idempotency-Key": "enrol-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_field", "phone"),
        ({"phone": ""}, "missing_field", "phone"),
        ({"phone": 13800138000}, "invalid_field", "phone"),
        ({"phone": "12345678"}, "invalid_field", "phone"),
        ({"phone": "+0123456789"}, "invalid_field", "phone"),
        ({"phone": "+8613800138000000"}, "invalid_field", "phone"),
        ({"phone": "13800138000", "birthday": "1990-02-30"}, "invalid_field", "birthday"),
        ({"phone": "13800138000", "birthday": "1899-12-31"}, "invalid_field", "birthday"),
        ({"phone": "13800138000", "birthday": "2199-01-01"}, "invalid_field", "birthday"),
        ({"phone": "13800138000", "email": "nobody"}, "invalid_field", "email"),
        ({"phone": "13800138000", "email": "a@b.c\r\nBcc: x@y.z"}, "invalid_field", "email"),
        ({"phone": "13800138000", "name": "x" * 121}, "invalid_field", "name"),
        ({"phone": "13800138000", "name": "a\u0000b"}, "malformed", None),
        ({"phone": "13800138000", "language": "fr"}, "invalid_field", "language"),
        ({"phone": "13800138000", "consents": {"email": "yes"}}, "invalid_field", "consents.email"),
        ({"phone": "13800138000", "consents": {"fax": True}}, "unknown_field", "consents.fax"),
        ({"phone": "13800138000", "points": 1000000}, "unknown_field", "points"),
    ],
)
def test_what_breaks_the_contract_is_refused_by_field(call, body, code, field):
    answer = call("POST", "/v1/members", json=body)
    assert (answer.json()["code"], answer.json().get("field")) == (code, field), answer.text
    assert answer.json()["title_zh"] and answer.status_code in (400, 422)
    assert "13800138000" not in answer.text


def test_a_patch_changes_what_it_says_and_takes_away_what_is_null(call, enrol):
    member = enrol(name="Before", email="before@example.com", birthday="1990-05-17", consents={"sms": True})
    path = f"/v1/members/{member['member_id']}"
    changed = call("PATCH", path, json={"name": "After", "email": None, "consents": {"email": True}, "language": "en"})
    assert changed.status_code == 200, changed.text
    profile = changed.json()["profile"]
    assert (profile["name"], profile["birthday"], profile["language"]) == ("After", "1990-05-17", "en")
    assert "email" not in profile
    assert profile["consents"] == {"email": True, "sms": True, "push": False, "social": False}
    assert profile["version"] == 2
    assert call("GET", path).json()["profile"] == profile
    assert call("PATCH", path, json={}).json()["profile"] == profile, "nothing said, nothing changed"
    refused = call("PATCH", path, json={"phone": next(phones)})
    assert (refused.status_code, refused.json()["field"]) == (422, "phone")


def test_if_match_holds_changes_of_the_profile_apart_and_no_others(running, call, enrol):
    member = enrol(name="v1")
    path = f"/v1/members/{member['member_id']}"
    seen = call("GET", path).headers["ETag"]
    bought = purchase(member["member_id"])
    assert call("POST", "/v1/purchases", json=bought).status_code == 201
    assert call("PATCH", path, json={"name": "v2"}, headers={"If-Match": seen}).status_code == 200
    late = call("PATCH", path, json={"name": "v3"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "member_changed")
    assert call("GET", path).json()["profile"]["name"] == "v2"


def test_many_who_patch_at_once_all_come_through(running, enrol):
    member = enrol()
    url = f"{running.gateway_url}/v1/members/{member['member_id']}"

    def patch(number):
        field = {"consents": {"email": True}} if number % 2 else {"name": f"name {number}"}
        return requests.patch(url, json=field, timeout=30).status_code

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert set(pool.map(patch, range(16))) == {200}
    profile = requests.get(url, timeout=30).json()["profile"]
    assert profile["version"] == 17 and profile["consents"]["email"] and profile["name"].startswith("name ")


def test_points_and_profile_stand_on_one_page(call, enrol):
    member = enrol(name="Buyer")
    for _ in range(3):
        assert call("POST", "/v1/purchases", json=purchase(member["member_id"])).status_code == 201
    shown = call("GET", f"/v1/members/{member['member_id']}").json()
    assert shown["purchases"] == 3 and shown["points"]["balance"] > 0 and shown["profile"]["name"] == "Buyer"


def test_an_enrolled_member_without_purchases_has_an_empty_ledger(call, enrol):
    member = enrol()
    page = call("GET", f"/v1/members/{member['member_id']}/entries")
    assert (page.status_code, page.json()["entries"], page.json()["next_cursor"]) == (200, [], None)


def test_an_erased_member_keeps_sums_and_nothing_else_and_the_phone_is_free(call, enrol):
    phone = next(phones)
    member = enrol(phone, name="To Be Forgotten")
    path = f"/v1/members/{member['member_id']}"
    bought = call("POST", "/v1/purchases", json=purchase(member["member_id"])).json()
    assert call("DELETE", path).status_code == 204
    page = call("GET", path)
    assert page.status_code == 200
    shown = page.json()
    assert shown["erased"] is True and "profile" not in shown and "To Be" not in page.text
    assert shown["points"]["balance"] == bought["balance"]
    assert call("DELETE", path).status_code == 204, "erased is erased"
    refused = call("PATCH", path, json={"name": "Back"})
    assert (refused.status_code, refused.json()["code"]) == (410, "member_erased")
    wait_until(lambda: call("GET", "/v1/members", params={"phone": phone}).status_code == 404, "the phone is free", 10)
    again = enrol(phone)
    assert again["member_id"] != member["member_id"]


def test_nobody_is_found_where_nobody_is(call):
    unknown = call("GET", "/v1/members", params={"phone": "13000000000"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "member_unknown")
    assert call("GET", "/v1/members").json()["field"] == "phone"
    assert call("PATCH", "/v1/members/m0000000000000000000x", json={"name": "x"}).json()["code"] == "member_unknown"
    assert call("DELETE", "/v1/members/m0000000000000000000x").status_code == 404
    assert call("GET", "/v1/members/m0000000000000000000x").status_code == 404


def test_who_bought_without_enrolling_is_shown_as_ever(call):
    assert call("POST", "/v1/purchases", json=purchase("card-77")).status_code == 201
    answer = call("GET", "/v1/members/card-77")
    assert set(answer.json()) == {"member_id", "points", "spend_fen", "purchases", "last_purchase_at"}


def test_a_gateway_without_the_key_encryption_key_shows_what_is_not_sealed(running, enrol):
    member = enrol(name="Sealed")
    plain = running.start_gateway("without-kek", HY_KEK="")
    shown = requests.get(f"{plain.url}/v1/members/{member['member_id']}", timeout=10).json()
    assert shown["profile"]["sealed"] is True and "name" not in shown["profile"]
    for answer in (
        requests.post(f"{plain.url}/v1/members", json={"phone": next(phones)}, timeout=10),
        requests.get(f"{plain.url}/v1/members", params={"phone": "13800138000"}, timeout=10),
    ):
        assert (answer.status_code, "HY_KEK_FILE" in answer.json()["detail"]) == (503, True)
    assert plain.stop() < 5


def test_marketing_sees_no_person(running, enrol):
    member = enrol(name="Private Person")
    guarded = running.start_gateway("guarded", HY_ACCESS="keys")
    secret = running.ctl("keys", "add", "marketing", "campaigns").stdout.strip()
    url = f"{guarded.url}/v1/members/{member['member_id']}"
    headers = {"Authorization": f"Bearer {secret}"}
    page = wait_until(
        lambda: (page := requests.get(url, headers=headers, timeout=10)).status_code == 200 and page, "the key in force", 10
    )
    assert page.json()["profile"]["sealed"] is True and "Private" not in page.text and "+86139" not in page.text
    assert guarded.stop() < 5


def test_nothing_personal_is_in_clear_in_kafka_redis_or_logs(running, call, enrol, backend):
    phone = "+8613987650123"
    member = enrol(phone, name="明文不可见 Plainly", email="find.me@secret.example.com", birthday="1987-11-23")
    path = f"/v1/members/{member['member_id']}"
    call("PATCH", path, json={"name": "改名之后 Renamedly"})
    call("GET", "/v1/members", params={"phone": phone})
    call("POST", "/v1/members", json={"phone": phone}, headers={"Idempotency-Key": "grep-1"})
    call("POST", "/v1/members", json={"phone": phone, "email": "wrong address"})
    needles = [
        text.encode() for text in (phone, phone[3:], "明文不可见", "Plainly", "Renamedly", "find.me@", "secret.example", "1987-11-23")
    ]
    places = {f"Redis {key}": running.redis.dump(key) for key in running.redis.scan_iter(f"{running.redis_prefix}*")}
    places |= {str(file): file.read_bytes() for file in backend.folder.rglob("*.log") if file.is_file()}
    assert len(places) > 20
    found = [(name, needle) for name, content in places.items() for needle in needles if needle in content]
    assert not found
    running.verify()


def test_while_member_is_away_an_enrolment_is_kept_and_its_outcome_comes_later(fresh):
    gateway = fresh.start_gateway(HY_ANSWER_TIMEOUT_MS="500")
    body, headers = {"phone": next(phones)}, {"Idempotency-Key": "later-1"}
    answer = requests.post(f"{gateway.url}/v1/members", json=body, headers=headers, timeout=30)
    assert answer.status_code == 202, answer.text
    place = gateway.url + answer.headers["Location"]
    assert requests.get(place, timeout=30).status_code == 202
    again = requests.post(f"{gateway.url}/v1/members", json=body, headers=headers, timeout=30)
    assert (again.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    fresh.start_member()
    found = wait_until(
        lambda: (found := requests.get(place, timeout=30)).status_code == 200 and found, "the outcome at its Location", 30
    )
    assert found.json()["created"] is True
    member = requests.post(f"{gateway.url}/v1/members", json=body, headers=headers, timeout=30)
    assert (member.status_code, member.json()["member_id"]) == (201, found.json()["member_id"])


def test_one_enrolment_retried_at_two_gateways_at_once_is_answered_the_same(running):
    other = running.start("hy-gateway", "second-gateway", {}, "HY_HTTP_LISTEN").wait_ready()
    urls = [running.gateway_url, other.url]
    for number in range(10):
        body, headers = {"phone": next(phones), "name": "Twin"}, {"Idempotency-Key": f"twin-{number}"}
        together = threading.Barrier(4)

        def retry(place, body=body, headers=headers, together=together):
            together.wait()
            return requests.post(f"{urls[place % 2]}/v1/members", json=body, headers=headers, timeout=30)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(retry, range(4)))
        assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
        (member_id,) = {answer.json()["member_id"] for answer in answers}
        page = requests.get(f"{urls[0]}/v1/members/{member_id}", timeout=30).json()
        assert page["profile"]["name"] == "Twin" and page["profile"]["version"] == 1
    assert other.stop() < 5
