"""API keys: who may call what, from the moment a key is made until it is revoked."""

import re

import pytest
import requests

from backend import wait_until
from store import purchase


@pytest.fixture(scope="module")
def guarded(system):
    """A gateway that asks for keys, with an accrual behind it."""
    system.ensure("accrual", system.start_accrual).wait_ready()
    return system.start_gateway("guarded", HY_ACCESS="keys")


@pytest.fixture
def add_key(system):
    return lambda role, name: system.ctl("keys", "add", role, name).stdout.strip()


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def status(gateway, secret, path="/v1/members/nobody/entries"):
    return requests.get(gateway.url + path, headers=bearer(secret), timeout=10).status_code


def wait_status(gateway, secret, wanted):
    wait_until(lambda: status(gateway, secret) == wanted, f"status {wanted} with that key", 10)


def test_without_a_key_everything_but_health_is_refused_and_told_how_to_authenticate(guarded):
    for path in ("/v1/members/m1", "/v1/members/m1/entries", "/v1/commands/1-0123456789abcdef"):
        answer = requests.get(guarded.url + path, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="huiyuan"'
        assert answer.json()["title_zh"]
    assert requests.post(f"{guarded.url}/v1/purchases", json=purchase("m1"), timeout=10).status_code == 401
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert requests.get(guarded.url + path, timeout=10).status_code == 200


def test_a_key_that_nobody_made_is_refused(guarded, add_key):
    secret = add_key("store", "till")
    wait_status(guarded, secret, 404)
    for wrong in ("hy_store_", secret[:-1], secret + "0", secret.upper(), "x" * 5000, "hy_operations_" + secret[9:]):
        answer = requests.get(f"{guarded.url}/v1/members/m1", headers=bearer(wrong), timeout=10)
        assert answer.status_code == 401, wrong
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    for header in ("", secret, f"Basic {secret}", "Bearer", "Bearer "):
        answer = requests.get(f"{guarded.url}/v1/members/m1", headers={"Authorization": header}, timeout=10)
        assert answer.status_code == 401, header


def test_a_new_key_opens_what_its_role_may_do_and_nothing_else(guarded, add_key):
    secrets = {role: add_key(role, f"the {role} of this test") for role in ("store", "marketing", "desk", "operations")}
    wait_until(lambda: status(guarded, secrets["operations"]) == 404, "the newest key in force", 10)
    posted = {
        role: requests.post(
            f"{guarded.url}/v1/purchases", json=purchase("keys-1"), headers=bearer(secret), timeout=30
        )
        for role, secret in secrets.items()
    }
    assert {role: answer.status_code for role, answer in posted.items()} == {
        "store": 201,
        "marketing": 403,
        "desk": 403,
        "operations": 201,
    }
    refused = posted["marketing"].json()
    assert refused["code"] == "forbidden" and "store, operations" in refused["detail"]
    assert status(guarded, secrets["desk"], "/v1/members/keys-1") == 200


def test_what_the_document_says_of_roles_is_what_happens(guarded, add_key):
    document = requests.get(f"{guarded.url}/openapi.json", timeout=10).json()
    secrets = {role: add_key(role, "document") for role in ("store", "marketing", "desk", "operations")}
    wait_until(lambda: status(guarded, secrets["operations"]) == 404, "the newest key in force", 10)
    checked = 0
    for path, operations in document["paths"].items():
        url = guarded.url + re.sub(r"\{.*?\}", "1-0123456789abcdef", path)
        for method, operation in operations.items():
            allowed = operation["security"][0]["apiKey"] if operation["security"] else list(secrets)
            for role, secret in secrets.items():
                answer = requests.request(method, url, headers=bearer(secret), timeout=10)
                assert (answer.status_code != 403) == (role in allowed), f"{role}: {method} {path}"
                assert answer.status_code != 401
                checked += 1
    assert checked >= 4 * 8


def test_a_revoked_key_is_refused_at_once_and_the_others_stay(system, guarded, add_key):
    going, staying = add_key("store", "goes"), add_key("store", "stays")
    wait_status(guarded, staying, 404)
    assert status(guarded, going) == 404
    assert "goes" in system.ctl("keys", "revoke", going[:15]).stdout
    wait_status(guarded, going, 401)
    assert status(guarded, staying) == 404
    assert system.ctl("keys", "revoke", going[:15], check=False).returncode == 1
    ambiguous = system.ctl("keys", "revoke", "hy_store_", check=False)
    assert (ambiguous.returncode, "several" in ambiguous.stderr) == (1, True)


def test_a_gateway_that_starts_later_knows_every_key_before_it_is_ready(system, add_key):
    kept, gone = add_key("desk", "kept"), add_key("desk", "gone")
    system.ctl("keys", "revoke", gone[:14])
    later = system.start_gateway("later", HY_ACCESS="keys")
    assert (status(later, kept), status(later, gone)) == (404, 401)
    assert later.stop() < 5


def test_the_secret_is_shown_once_and_stands_nowhere(system, guarded, add_key, backend):
    secret = add_key("operations", "seen once")
    wait_status(guarded, secret, 404)
    listed = system.ctl("keys", "list").stdout
    assert "seen once" in listed and secret[:20] in listed and secret not in listed
    needle = secret.encode()
    assert needle not in guarded.log.read_bytes()
    for key in system.redis.scan_iter(f"{system.redis_prefix}*"):
        assert needle not in key and (system.redis.type(key) != b"string" or needle not in system.redis.get(key))
    kafka_files = [path for path in backend.folder.rglob("*.log") if path.is_file()]
    assert kafka_files and not any(needle in path.read_bytes() for path in kafka_files)


def test_bad_roles_and_names_are_usage_errors(system):
    assert system.ctl("keys", "add", "owner", "x", check=False).returncode == 2
    assert system.ctl("keys", "add", "store", "", check=False).returncode == 2
    assert system.ctl("keys", "add", "store", "x" * 65, check=False).returncode == 2


def test_a_gateway_that_is_open_says_so_loudly(system):
    opened = system.start_gateway("opened")
    assert requests.get(f"{opened.url}/v1/members/nobody", timeout=10).status_code == 404
    assert "NO API KEY IS ASKED FOR" in opened.log.read_text(encoding="utf-8")
    assert opened.stop() < 5
