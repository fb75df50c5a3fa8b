"""docs/guarantees.md names tests: each of them is there."""

import re

import pytest

from schema_lock import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.(?:py|c))::(\w+)`", PAGE)


def is_there(file, name):
    path = ROOT / file
    if not path.exists():
        return False
    definition = rf"^def {name}\(" if file.endswith(".py") else rf"^Test\(\w+, {name}[,)]"
    return re.search(definition, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize("file, name", NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_is_there(file, name):
    assert is_there(file, name), f"docs/guarantees.md names {file}::{name}"


def test_every_promise_names_a_test():
    promises = re.findall(r"^\| (\*\*.*)$", PAGE, re.MULTILINE)
    assert len(promises) >= 8
    assert [promise for promise in promises if "::" not in promise] == []


def test_a_test_that_is_not_there_is_noticed():
    assert not is_there("tests/contract/test_guarantees.py", "test_that_nobody_wrote")
    assert not is_there("tests/unit/stage/takeover_test.c", "nobody_wrote_this")
