"""`huiyuanctl import purchases`: what is good is sent, what is not is kept with its line and reason, and nothing twice."""

import csv
import json
import os
import signal
import subprocess

import pytest

import realdata
from backend import wait_until
from store import BEGIN_MS, some_purchases
from system import BIN

PARTLY = 3
HEADER = [
    "purchase_id",
    "member_id",
    "store_id",
    "channel",
    "occurred_at_ms",
    "line_id",
    "sku",
    "category",
    "brand",
    "quantity",
    "paid_fen",
]


def rows_of(purchase):
    head = [purchase[name] for name in HEADER[:5]]
    return [head + [line[name] for name in HEADER[5:]] for line in purchase["lines"]]


def write_csv(path, rows, header=HEADER):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture
def bought(fresh):
    fresh.start_accrual()
    purchases = some_purchases(200, members=12, seed=21)
    ledger = fresh.ledger()
    for one in purchases:
        ledger.take(one)
    return purchases, ledger


def test_csv_and_ndjson_say_the_same(fresh, bought, tmp_path):
    purchases, ledger = bought
    fresh.ctl(
        "import",
        "purchases",
        write_csv(tmp_path / "till.csv", [row for one in purchases for row in rows_of(one)]),
    )
    fresh.check_against(ledger.accepted)
    lines = tmp_path / "till.ndjson"
    lines.write_text("".join(json.dumps(one) + "\n" for one in purchases), encoding="utf-8")
    fresh.ctl("import", "purchases", lines)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 200, "OUTCOME_DUPLICATE": 200}


def test_bad_rows_go_to_the_reject_file_with_line_and_reason_and_the_others_are_sent(fresh, bought, tmp_path):
    purchases, ledger = bought
    rows = [row for one in purchases for row in rows_of(one)]
    bad = [
        ["bad-1", "m1", "S1", "PIGEON", BEGIN_MS, "1", "", "", "", 1, 100],
        ["bad-2", "m1", "S1", "STORE", "yesterday", "1", "", "", "", 1, 100],
        ["bad-3", "m1", "S1", "STORE", BEGIN_MS, "1", "", "", "", 1, -5],
        ["bad-4", "", "S1", "STORE", BEGIN_MS, "1", "", "", "", 1, 100],
        ["bad-5", "m1", "S1", "STORE", BEGIN_MS, "1"],
    ]
    places = {}
    first_of_next = next(i for i in range(10, len(rows)) if rows[i][0] != rows[i - 1][0])
    for number, row in enumerate(bad):
        rows.insert(first_of_next + number, row)
        places[row[0]] = first_of_next + number + 2  # the header is line 1
    path = write_csv(tmp_path / "till.csv", rows)
    done = fresh.ctl("import", "purchases", path, check=False)
    assert done.returncode == PARTLY, done.stderr
    with open(f"{path}.rejects.csv", encoding="utf-8", newline="") as file:
        rejects = list(csv.DictReader(file))
    assert {int(reject["line"]) for reject in rejects} == set(places.values()), rejects
    fresh.check_against(ledger.accepted)


def test_an_import_that_was_broken_off_goes_on_and_nothing_counts_twice(make_system, tmp_path):
    """kill -9 of the importer; the next run goes on where Kafka has acknowledged."""
    system = make_system(partitions=4).publish_program(realdata.PROGRAM)
    path = next(realdata.slices(tmp_path, 6))
    whole = {basket[0][0] for basket in realdata.baskets(path)}
    importer = system.spawn("import", "purchases", path)
    wait_until(
        lambda: sum(system.log.ends(system.topic("purchases"))) > 500 or importer.poll() is not None,
        "some purchases are sent",
        30,
        every=0.002,
    )
    importer.send_signal(signal.SIGKILL)
    importer.wait()
    sent = sum(system.log.ends(system.topic("purchases")))
    done = system.ctl("import", "purchases", path)
    assert sum(system.log.ends(system.topic("purchases"))) >= len(whole)
    messages = sum(system.log.ends(system.topic("purchases")))
    again = system.ctl("import", "purchases", path)
    assert sum(system.log.ends(system.topic("purchases"))) == messages, "what is done is done"
    system.start_accrual()
    expected = realdata.expected(path)
    assert {purchase_id for _, purchase_id in expected} == whole
    system.check_against(expected)
    print(f"killed after {sent} of {len(whole)}: {done.stderr[-200:]} {again.stdout}")


def test_a_file_that_is_not_there_is_said_in_one_line(fresh, tmp_path):
    done = fresh.ctl("import", "purchases", tmp_path / "nothing.csv", check=False)
    assert done.returncode == 1
    assert "nothing.csv" in done.stderr and len(done.stderr.splitlines()) == 1


def test_without_kafka_it_says_so_and_ends(fresh, tmp_path):
    environment = dict(fresh.environment, HY_KAFKA_BROKERS="127.0.0.1:1")
    path = write_csv(tmp_path / "till.csv", rows_of(some_purchases(1)[0]))
    done = subprocess.run(
        [BIN / "huiyuanctl", "import", "purchases", path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "127.0.0.1:1" in done.stderr
    assert not os.path.exists(f"{path}.rejects.csv")
