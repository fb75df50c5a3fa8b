"""What a store does: makes purchases, and publishes them with a stock client."""

import itertools
import random

from confluent_kafka import Producer

from flow import Flow
from protos import purchases

BEGIN_MS = 1_740_800_000_000  # 2025-03-01 11:33 in Shanghai
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
numbers = itertools.count(1)


def line(line_id="1", paid_fen=1000, **fields):
    return {
        "line_id": str(line_id),
        "sku": "SKU",
        "category": "GROCERY",
        "brand": "National",
        "quantity": 1,
        "paid_fen": paid_fen,
        **fields,
    }


def purchase(member_id, purchase_id=None, occurred_at_ms=None, lines=None, **fields):
    """One of ¥10 unless told otherwise; a minute later than the last. Who makes a million gives ids and times."""
    number = None if purchase_id and occurred_at_ms is not None else next(numbers)
    return {
        "purchase_id": purchase_id or f"p-{number}",
        "member_id": member_id,
        "store_id": "S1",
        "channel": "STORE",
        "occurred_at_ms": BEGIN_MS + number * MINUTE_MS if occurred_at_ms is None else occurred_at_ms,
        "lines": lines or [line()],
        **fields,
    }


def some_purchases(count, members=20, seed=1):
    """Various, for a few members, the same each time."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        lines = [
            line(
                number + 1,
                chance.randint(0, 5000),
                category=chance.choice(["PRODUCE", "MEAT", "GROCERY", ""]),
                brand=chance.choice(["National", "Private"]),
            )
            for number in range(chance.randint(1, 6))
        ]
        made.append(purchase(f"m{chance.randrange(members)}", lines=lines))
    return made


def message(purchase):
    """As StoreEvent, not yet as bytes."""
    event = purchases.StoreEvent()
    made = event.purchase
    for field in ("purchase_id", "member_id", "store_id", "occurred_at_ms", "currency"):
        if field in purchase:
            setattr(made, field, purchase[field])
    made.channel = purchases.Channel.Value(purchase["channel"])
    for row in purchase["lines"]:
        made.lines.add(**row)
    for payment in purchase.get("payments", []):
        made.payments.add(
            method=purchases.PaymentMethod.Value(payment["method"]), amount_fen=payment["amount_fen"]
        )
    return event


def encode(purchase):
    return message(purchase).SerializeToString()


class Store:
    """Publishes to the topic of purchases; `partitioner` as librdkafka names it."""

    def __init__(self, brokers, topic, partitioner="murmur2_random", **settings):
        self.topic = topic
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "partitioner": partitioner,
                "linger.ms": 2,
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1000000,
                "reconnect.backoff.max.ms": 500,
                "message.max.bytes": 1000000,
                **settings,
            }
        )
        self.failures = []

    def delivered(self, error, _):
        if error is not None:
            self.failures.append(error)

    def publish(self, *events, flush=True):
        for event in events:
            self.send(event["member_id"].encode(), encode(event))
        if flush:
            self.flush()

    def send(self, key, value, **where):
        while True:
            try:
                self.producer.produce(self.topic, key=key, value=value, on_delivery=self.delivered, **where)
            except BufferError:
                self.producer.poll(0.1)
                continue
            self.producer.poll(0)
            return

    def flush(self, seconds=60):
        left = self.producer.flush(seconds)
        assert left == 0, f"{left} messages could not be published within {seconds} s"
        assert not self.failures, self.failures[:3]


class Stream(Flow):
    """Purchases; `ledger` then knows which."""

    def __init__(self, system, a_second=400, members=40, seed=1):
        super().__init__(system, a_second)
        self.members, self.seed = members, seed
        self.ledger = system.ledger()
        self.published = 0

    def publish(self, count):
        for bought in some_purchases(count, self.members, self.seed * 1000003 + self.published):
            self.ledger.take(bought)
            self.system.store().publish(bought, flush=False)
        self.published += count

    def finish(self):
        self.system.store().flush(120)
