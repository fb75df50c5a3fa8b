"""The real shopping data: as a file for the importer, as purchases, and what the oracle says of it."""

import csv
import datetime
import functools
import itertools
import sys

import oracle
from backend import ROOT

sys.path.insert(0, str(ROOT / "tests" / "data"))

import completejourney  # noqa: E402

FILE = ROOT / ".dev" / "data" / "completejourney.csv"
PROGRAM = ROOT / "deploy" / "dev" / "program.yaml"


def file():
    return completejourney.ensure(FILE)


@functools.cache
def moment_ms(text):
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def baskets(path):
    """Each basket's rows, as lists of text: see completejourney.py for the columns."""
    with open(path, encoding="utf-8", newline="") as source:
        rows = csv.reader(source)
        next(rows)
        for _, lines in itertools.groupby(rows, key=lambda row: row[0]):
            yield list(lines)


def purchase(basket):
    purchase_id, member_id, store_id, channel, occurred_at = basket[0][:5]
    return {
        "purchase_id": purchase_id,
        "member_id": member_id,
        "store_id": store_id,
        "channel": channel,
        "occurred_at_ms": moment_ms(occurred_at),
        "lines": [
            {
                "line_id": row[5],
                "sku": row[6],
                "category": row[7],
                "brand": row[8],
                "quantity": int(row[9]),
                "paid_fen": int(row[10]),
            }
            for row in basket
        ],
    }


def purchases(path):
    return map(purchase, baskets(path))


@functools.cache
def expected(path=None):
    """(member, purchase id) → Expected, of the whole file or another, by the program that ./dev up publishes."""
    program = oracle.load(PROGRAM)
    accepted = {}
    for basket in baskets(path or file()):
        purchase_id, member_id, store_id, channel, occurred_at = basket[0][:5]
        lines = [oracle.Line(row[5], row[7], row[8], int(row[10])) for row in basket]
        shares = program.points(store_id, channel, moment_ms(occurred_at), lines)
        accepted[member_id, purchase_id] = oracle.Expected("accepted", sum(shares), shares, program.version)
    return accepted


def slices(folder, count):
    """The file in `count` files, in order, cut between purchases; each is made when it is asked for."""
    lines = file().read_text(encoding="utf-8").splitlines(keepends=True)
    header, rows = lines[0], lines[1:]
    begin = 0
    for number in range(count):
        end = len(rows) * (number + 1) // count
        while end < len(rows) and rows[end].split(",", 1)[0] == rows[end - 1].split(",", 1)[0]:
            end += 1
        path = folder / f"slice-{number:02}.csv"
        path.write_text(header + "".join(rows[begin:end]), encoding="utf-8")
        begin = end
        yield path
