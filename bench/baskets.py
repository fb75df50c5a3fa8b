"""The real baskets as bench_load publishes them: .dev/data/baskets.bin, made once from the data that the demo imports.

An entry: bytes of the message (4), points that it must earn (4), the message. The points are those of the tests' oracle, which
shares no code with the product.
"""

import os
import struct
import sys

from system import ROOT, say

FILE = ROOT / ".dev" / "data" / "baskets.bin"
COUNT, HOUSEHOLDS = 155_848, 2_469

sys.path.insert(0, str(ROOT / "tests" / "integration"))


def message(purchase, purchases):
    event = purchases.StoreEvent()
    one = event.purchase
    for name in ("purchase_id", "member_id", "store_id", "occurred_at_ms"):
        setattr(one, name, purchase[name])
    one.channel = purchases.Channel.Value(purchase["channel"])
    for line in purchase["lines"]:
        one.lines.add(**line)
    return event.SerializeToString()


def write(file):
    import realdata  # takes its time
    from protos import purchases

    expected = realdata.expected()
    with open(file, "wb") as out:
        for purchase in realdata.purchases(realdata.file()):
            data = message(purchase, purchases)
            out.write(struct.pack("=Ii", len(data), expected[purchase["member_id"], purchase["purchase_id"]].points) + data)


def ensure():
    if not FILE.exists():
        say("making the messages of the real baskets")
        partial = FILE.with_suffix(".partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        os.replace(partial, FILE)
    return FILE
