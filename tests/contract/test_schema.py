"""What was published once stays readable for ever: the logs are kept."""

import copy
import shutil

import pytest

from schema_lock import ROOT, added, broken, read_lock, schema


@pytest.fixture(scope="module")
def now():
    return schema()


def test_no_field_value_or_topic_was_changed_removed_or_reused(now):
    assert broken(read_lock(), now) == []


def test_everything_new_is_in_the_lock(now):
    assert added(read_lock(), now) == [], "tests/contract/schema_lock.py --update"


def test_the_lock_knows_the_messages_and_topics_that_matter():
    lock = read_lock()
    assert lock["messages"]["huiyuan.v1.Purchase"]["1"] == "optional string purchase_id"
    assert lock["messages"]["huiyuan.v1.Channel"]["1"] == "STORE"
    assert (
        lock["topics"]["points"]
        == "message=LogMessage cleanup=HY_KEEP_FOR_EVER keyed_by_member=true is_log=true"
    )


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("int64 paid_fen = 6;", "uint64 paid_fen = 6;", "PurchaseLine: 6 was"),
        (
            "int64 paid_fen = 6;",
            "int64 paid_fen = 7;",
            "PurchaseLine: 6 (optional int64 paid_fen) was removed",
        ),
        ("int64 paid_fen = 6;", "", "PurchaseLine: 6 (optional int64 paid_fen) was removed"),
        ("int64 paid_fen = 6;", "int64 price_fen = 6;", "PurchaseLine: 6 was"),
        ("int64 paid_fen = 6;", "repeated int64 paid_fen = 6;", "PurchaseLine: 6 was"),
        ("string currency = 8;", "oneof money { string currency = 8; }", "Purchase: 8 was"),
        ("PARTNER = 5;", "", "Channel: 5 (PARTNER) was removed"),
        ("PARTNER = 5;", "PIGEON = 5;", "Channel: 5 was"),
        ("message Payment {", "message Paid {", "huiyuan.v1.Payment was removed"),
    ],
)
def test_a_broken_promise_is_named(tmp_path, old, new, complaint):
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    file = tmp_path / "proto" / "purchases.proto"
    text = file.read_text()
    assert text.count(old) == 1
    changed = text.replace(old, new)
    if new == "message Paid {":
        changed = changed.replace("repeated Payment ", "repeated Paid ")
    file.write_text(changed)
    faults = broken(read_lock(), schema(tmp_path))
    assert any(complaint in fault for fault in faults), faults


def test_additions_break_nothing(now):
    more = copy.deepcopy(now)
    more["messages"]["huiyuan.v1.Purchase"]["99"] = "optional string colour"
    more["messages"]["huiyuan.v1.Return"] = {"1": "optional string return_id"}
    assert broken(now, more) == []
    assert len(added(now, more)) == 2
