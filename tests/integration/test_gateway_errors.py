"""The gateway from outside, as far as no service behind it is needed: what it refuses, and how it describes itself."""

import copy
import json
import re
import socket
import time
import uuid

import jsonschema
import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROUTES = {
    ("post", "/v1/purchases"),
    ("get", "/v1/commands/{command_id}"),
    ("post", "/v1/members"),
    ("get", "/v1/members"),
    ("get", "/v1/members/{member_id}"),
    ("patch", "/v1/members/{member_id}"),
    ("delete", "/v1/members/{member_id}"),
    ("get", "/v1/members/{member_id}/entries"),
    ("get", "/v1/coupons/{code}"),
    ("post", "/v1/coupons/{code}/redeem"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
}


def purchase(**changes):
    body = {
        "purchase_id": f"P-{uuid.uuid4().hex}",
        "member_id": f"M-{uuid.uuid4().hex[:12]}",
        "store_id": "S001",
        "channel": "STORE",
        "occurred_at_ms": int(time.time() * 1000),
        "lines": [{"line_id": "1", "sku": "A", "category": "skincare", "quantity": 1, "paid_fen": 12800}],
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture
def post(system):
    def post(body, **headers):
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        return requests.post(f"{system.gateway_url}/v1/purchases", data=data, headers=headers, timeout=30)

    return post


@pytest.fixture
def get(system):
    return lambda path, **rest: requests.get(system.gateway_url + path, timeout=30, **rest)


@pytest.fixture
def document(get):
    return get("/openapi.json").json()


def check_problem(response, status, code, field=None):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:huiyuan:problem:{code}"
    assert problem.get("field") == field, problem
    assert re.search("[\u4e00-\u9fff]", problem["title_zh"]) and problem["title"].isascii()
    assert re.fullmatch("urn:huiyuan:request:[0-9a-f]{32}", problem["instance"])
    return problem


# ---- what is refused before it reaches Kafka


@pytest.mark.parametrize(
    "text",
    ["", "{", "nonsense", "[]", '"x"', "null", "1", '{"member_id":"M1",}', "{}{}", b"\xff\xfe", '{"member_id": "\ud83d"}'.encode("utf-8", "surrogatepass"),
     "[" * 100000, '{"occurred_at_ms": 9223372036854775808}'],
    ids=["nothing", "cut", "nonsense", "list", "string", "null", "number", "comma", "two", "not-utf8", "surrogate", "deep", "above-64-bits"],
)
def test_a_body_that_is_no_json_object_is_malformed(post, text):
    assert check_problem(post(text), 400, "malformed")


@pytest.mark.parametrize(
    "change, code, field",
    [
        ({"purchase_id": None}, "missing_field", "purchase_id"),
        ({"member_id": None}, "missing_field", "member_id"),
        ({"member_id": ""}, "missing_field", "member_id"),
        ({"store_id": None}, "missing_field", "store_id"),
        ({"channel": None}, "missing_field", "channel"),
        ({"lines": None}, "missing_field", "lines"),
        ({"lines": []}, "missing_field", "lines"),
        ({"occurred_at_ms": None}, "missing_field", "occurred_at_ms"),
        ({"member_id": "x" * 65}, "invalid_field", "member_id"),
        ({"member_id": "a b"}, "invalid_field", "member_id"),
        ({"member_id": "会员"}, "invalid_field", "member_id"),
        ({"member_id": 17}, "invalid_field", "member_id"),
        ({"channel": "PIGEON"}, "invalid_field", "channel"),
        ({"currency": "yuan"}, "invalid_field", "currency"),
        ({"occurred_at_ms": 1}, "invalid_field", "occurred_at_ms"),
        ({"occurred_at_ms": 1.5}, "invalid_field", "occurred_at_ms"),
        ({"occurred_at_ms": None, "occurred_at": "yesterday"}, "invalid_field", "occurred_at"),
        ({"lines": [{"line_id": "1", "paid_fen": -1}]}, "invalid_field", "lines[0].paid_fen"),
        ({"lines": [{"line_id": "1", "paid_fen": 10**18}]}, "invalid_field", "lines[0].paid_fen"),
        ({"lines": [{"line_id": "1", "paid_fen": 1}] * 2}, "invalid_field", "lines[1].line_id"),
        ({"lines": [{"paid_fen": 1}]}, "missing_field", "lines[0].line_id"),
        ({"lines": [{"line_id": str(i), "paid_fen": 1} for i in range(501)]}, "invalid_field", "lines"),
        ({"surprise": 1}, "unknown_field", "surprise"),
        ({"payments": [{"method": "CASH", "amount_fen": 1}]}, "amount_mismatch", "payments"),
        ({"payments": [{"method": "SHELLS", "amount_fen": 12800}]}, "invalid_field", "payments[0].method"),
    ],
)
def test_a_field_outside_its_limits_is_named(post, change, code, field):
    check_problem(post(purchase(**change)), 422, code, field)


def test_a_purchase_from_the_future_is_refused(post):
    ahead = int(time.time() * 1000) + 25 * 3600 * 1000
    check_problem(post(purchase(occurred_at_ms=ahead)), 422, "in_future", "occurred_at_ms")


def test_a_body_above_the_limit_is_refused_unread(system, post):
    response = post(b" " * (256 * 1024 + 1))
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_a_body_of_another_media_type_is_refused(post, kind):
    check_problem(post(purchase(), Content_Type=kind), 415, "unsupported_media_type", "Content-Type")


@pytest.mark.parametrize("key", ["a b", "x" * 65, '""', "a/b", '"open'])
def test_an_idempotency_key_that_is_no_id_is_refused(post, key):
    check_problem(post(purchase(), Idempotency_Key=key), 422, "invalid_field", "Idempotency-Key")


def test_an_idempotency_key_with_another_body_is_refused(post):
    key = f"K-{uuid.uuid4().hex}"
    first = purchase()
    assert post(first, Idempotency_Key=key, Prefer="respond-async").status_code in (201, 202)
    check_problem(post(purchase(), Idempotency_Key=key), 422, "idempotency_key_reused", "Idempotency-Key")


# ---- reading


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/member", "/v1/members/", "/v1/purchases/", "/V1/purchases", "/v1/members/M/entries/x", "//livez", "/v1/../livez"])
def test_what_is_not_there_is_not_found(system, path):
    # Not through requests' tidying of paths.
    request = requests.Request("GET", system.gateway_url + "/x").prepare()
    request.url = system.gateway_url + path
    check_problem(requests.Session().send(request, timeout=30), 404, "not_found")


@pytest.mark.parametrize("member", ["nobody", "a%20b", "%00", "x" * 65, "会员", "a%2Fb"])
@pytest.mark.parametrize("what", ["", "/entries"])
def test_an_unknown_member_is_not_found(get, member, what):
    assert get(f"/v1/members/{member}{what}").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=ten", "limit=", "limit=1.5", "cursor=", "cursor=AAAA", "cursor=" + "A" * 23])
def test_a_bad_limit_or_cursor_is_refused(get, query):
    check_problem(get(f"/v1/members/M1/entries?{query}"), 422, "invalid_field", query.split("=")[0])


@pytest.mark.parametrize("handle", ["x", "0-", "-0123456789abcdef", "0-0123456789ABCDEF", "999999-0123456789abcdef", "0-0123456789abcdef0"])
def test_what_is_no_handle_is_not_found(get, handle):
    check_problem(get(f"/v1/commands/{handle}"), 404, "not_found", "command_id")


def test_a_handle_without_an_outcome_is_pending(get):
    response = get("/v1/commands/0-0123456789abcdef")
    assert response.status_code == 202
    assert response.json() == {"command_id": "0-0123456789abcdef", "status": "pending"}
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("method, path, allow", [("GET", "/v1/purchases", "POST"), ("PUT", "/v1/members/M1", "GET, HEAD, PATCH, DELETE"),
                                                 ("PUT", "/v1/members", "POST, GET, HEAD"),
                                                 ("PUT", "/livez", "GET, HEAD"), ("TRACE", "/livez", "GET, HEAD")])
def test_a_wrong_method_is_told_the_right_ones(system, method, path, allow):
    response = requests.request(method, system.gateway_url + path, timeout=30)
    check_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == allow


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/v1/members/nobody", "/nowhere"])
def test_head_is_get_without_a_body(system, get, path):
    head = requests.head(system.gateway_url + path, timeout=30)
    full = get(path)
    assert head.status_code == full.status_code
    assert head.content == b""
    for name in ("Content-Type", "Content-Length", "Cache-Control", "X-Content-Type-Options"):
        assert head.headers[name] == full.headers[name]


def test_member_data_is_never_kept_by_caches(get, post):
    for response in (get("/v1/members/M1"), get("/v1/members/M1/entries"), post("{")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_trace_goes_on_with_a_span_of_our_own(get):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    mine = get("/livez", headers={"traceparent": trace}).headers["traceparent"]
    assert mine.split("-")[1] == trace.split("-")[1]
    assert mine.split("-")[2] != trace.split("-")[2]
    begun = get("/livez", headers={"traceparent": "nonsense"}).headers["traceparent"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", begun)


# ---- framing


def raw(system, text):
    host, port = system.gateway_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        connection.settimeout(10)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize(
    "headers",
    [b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 2\r\nContent-Length: 3\r\n", b"Content-Length: +2\r\n",
     b"Transfer-Encoding: gzip, chunked\r\n"],
    ids=["length-and-chunked", "two-lengths", "signed-length", "gzip"],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_hung_up(system, headers):
    smuggled = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(system, b"POST /v1/purchases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + b"\r\n0\r\n\r\n" + smuggled)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"HTTP/1.1 2" not in answer and b"huiyuan_" not in answer


# ---- the document


def test_the_document_is_valid_openapi_31(document):
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_has_every_route(document):
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == ROUTES
    for path, methods in document["paths"].items():
        for name in re.findall(r"{(\w+)}", path):
            for operation in methods.values():
                assert any(p["name"] == name and p["in"] == "path" for p in operation["parameters"])


def schema_validator(document, name):
    registry = Registry().with_resource("urn:document", Resource(contents=document, specification=DRAFT202012))
    reference = {"$ref": f"urn:document#/components/schemas/{name}"}
    return jsonschema.Draft202012Validator(reference, registry=registry, format_checker=jsonschema.FormatChecker())


def test_every_example_fits_its_schema(document):
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            schema_validator(document, name).validate(example)
        for property_schema in schema.get("properties", {}).values():
            for example in property_schema.get("examples", []):
                jsonschema.validate(example, property_schema)
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).values():
                    schema_validator(document, "Problem").validate(example["value"])
                    assert str(example["value"]["status"]) == status


def test_the_schema_and_the_gateway_agree_on_what_is_a_purchase(document, post):
    """Whatever the schema refuses, the gateway refuses, and the other way round."""
    good = purchase(purchase_id=f"agree-{uuid.uuid4().hex}")
    line = good["lines"][0]
    changes = [
        {}, {"member_id": "x" * 64}, {"member_id": "x" * 65}, {"member_id": "a/b"}, {"channel": "store"}, {"currency": ""}, {"currency": "CNY"},
        {"currency": "CNYX"}, {"lines": [line | {"sku": "x" * 64}]}, {"lines": [line | {"sku": "x" * 65}]}, {"lines": [line | {"sku": "\t"}]},
        {"lines": [line | {"quantity": 0}]}, {"lines": [line | {"quantity": 1000001}]}, {"lines": [line | {"paid_fen": 10**9}]},
        {"lines": [line | {"paid_fen": 10**9 + 1}]}, {"lines": []}, {"extra": None}, {"extra": 1}, {"occurred_at_ms": None},
        {"occurred_at_ms": None, "occurred_at": "2026-01-02T03:04:05+08:00"}, {"occurred_at": "2026-01-02T03:04:05+08:00"},
        {"payments": []}, {"payments": [{"method": "CASH", "amount_fen": 12800}]}, {"store_id": None}, {"channel": None},
    ]
    validator = schema_validator(document, "Purchase")
    for change in changes:
        body = purchase(**(copy.deepcopy(good) | change))
        accepted = post(body, Prefer="respond-async").status_code != 422
        assert accepted == validator.is_valid(body), change


# ---- health and figures


def test_it_lives_and_is_ready(get):
    assert get("/livez").json() == {"status": "live"}
    assert get("/readyz").json() == {"status": "ready"}


def test_requests_are_counted_by_route_and_class(get):
    counter = 'huiyuan_http_requests_total{method="GET",route="/v1/members/{member_id}",status="4xx"}'

    def count():
        return next(int(line.rsplit(" ", 1)[1]) for line in get("/metrics").text.splitlines() if line.startswith(counter))

    before = count()
    get("/v1/members/nobody-at-all")
    assert count() == before + 1
