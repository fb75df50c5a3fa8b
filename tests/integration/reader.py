"""A second reader of a log, from the words of the rule alone:

a CLAIM sets `current`; a block counts if and only if its claim is current and its seq is last + 1; it is dropped if its
claim is not current, or its seq is not above last; anything else is corruption.
"""

import hashlib
from collections import Counter, defaultdict

from confluent_kafka import Consumer, TopicPartition

from protos import common, points


class Corrupt(Exception):
    pass


class Partition:
    def __init__(self, number):
        self.number = number
        self.current = 0
        self.last = 0
        self.next_offset = 0
        self.previous_hash = b""
        self.recorded_at_ms = 0
        self.positions = {}
        self.claims = []
        self.block_times = []  # of the blocks that count
        self.dropped = 0
        self.emitted = Counter()  # (to, partition): highest number
        self.taken = Counter()  # (log, source partition): highest number

    def take(self, offset, value):
        """The block, when it counts; else None."""
        self.next_offset = offset + 1
        message = common.LogMessage.FromString(value)
        if message.WhichOneof("kind") == "claim":
            self.current = message.claim.claim
            self.claims.append(message.claim.instance)
            return None
        block = message.block
        if block.claim != self.current or block.seq <= self.last:
            self.dropped += 1
            return None
        where = f"partition {self.number}, offset {offset}, block {block.seq}"
        if block.seq != self.last + 1:
            raise Corrupt(f"{where}: after block {self.last}")
        if block.previous_hash != self.previous_hash:
            raise Corrupt(f"{where}: the chain of hashes is broken")
        if block.recorded_at_ms < self.recorded_at_ms:
            raise Corrupt(f"{where}: recorded time runs backwards")
        self.last = block.seq
        self.recorded_at_ms = block.recorded_at_ms
        self.block_times.append(block.recorded_at_ms)
        self.previous_hash = hashlib.sha256(value).digest()
        for position in block.positions:
            if position.next_offset < self.positions.get(position.topic, 0):
                raise Corrupt(f"{where}: the position in {position.topic} runs backwards")
            self.positions[position.topic] = position.next_offset
        return block


class Log:
    """Follows one log from its beginning; `read` goes on where it stopped. Keeps what the tests ask for.

    `keep_body(record)` is called for each accepted record."""

    def __init__(self, brokers, topic, partitions, keep_body=None):
        self.topic = topic
        self.keep_body = keep_body or (lambda record: None)
        self.partitions = [Partition(number) for number in range(partitions)]
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"tests-{topic}",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "auto.offset.reset": "error",
                "queued.min.messages": 1000000,
                "fetch.wait.max.ms": 20,
            }
        )
        self.consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        self.outcomes = Counter()
        self.codes = Counter()
        self.inputs = defaultdict(set)  # (partition, source topic index): offsets, and places in blocks of other logs

    def ends(self, topic=None):
        return [
            self.consumer.get_watermark_offsets(TopicPartition(topic or self.topic, p.number), timeout=20)[1]
            for p in self.partitions
        ]

    def read(self):
        """Up to the end as it is now."""
        ends = self.ends()
        while any(partition.next_offset < end for partition, end in zip(self.partitions, ends)):
            for message in self.consumer.consume(10000, timeout=0.1):
                assert message.error() is None, message.error()
                partition = self.partitions[message.partition()]
                block = partition.take(message.offset(), message.value())
                for record in block.records if block else ():
                    self.keep(partition, record)
        return self

    def keep(self, partition, record):
        self.outcomes[common.Outcome.Name(record.outcome)] += 1
        if record.code:
            self.codes[record.code] += 1
        self.note_input(partition, record)
        for emission in record.emissions:
            self.next_of(partition, partition.emitted, (emission.to, emission.partition), emission.number)
        if record.HasField("taken"):
            taken = record.taken
            self.next_of(partition, partition.taken, (taken.log, taken.partition), taken.number)
        if record.outcome == common.OUTCOME_ACCEPTED:
            self.keep_body(record)

    @staticmethod
    def next_of(partition, marks, end, number):
        """Emissions are dense: none is left out, none counts twice."""
        if number != marks[end] + 1:
            raise Corrupt(
                f"partition {partition.number}: emission {number} after {marks[end]}, other end {end}"
            )
        marks[end] = number

    def note_input(self, partition, record):
        if record.source == 0:
            return
        offsets = self.inputs[partition.number, record.source]
        place = (record.offset, record.source_index)
        if place in offsets:
            raise Corrupt(f"partition {partition.number}: {place} of source {record.source} was taken twice")
        offsets.add(place)

    def last_blocks(self):
        return [partition.last for partition in self.partitions]

    def close(self):
        self.consumer.close()


class PointsLog(Log):
    """The log of accrual, and what it adds up to."""

    def __init__(self, brokers, topic, partitions):
        super().__init__(brokers, topic, partitions, self.keep_points)
        self.accepted = {}  # (member, input id): (points, line points, program version)
        self.points = Counter()  # member: sum of the postings
        self.balance = {}  # member: as the newest record says

    def keep_points(self, record):
        change = points.PointsChange.FromString(record.body)
        if change.type != points.EARN:
            return
        name = (record.member_id, record.input_id)
        lines = [line.points for line in change.lines]
        if name in self.accepted:
            raise Corrupt(f"{name} counts twice")
        if sum(lines) != change.points:
            raise Corrupt(f"{name}: {change.points} points, but its lines have {sum(lines)}")
        self.accepted[name] = (change.points, lines, record.program_version)
        self.points[record.member_id] += change.points
        self.balance[record.member_id] = change.balance_after
        if change.balance_after != self.points[record.member_id]:
            raise Corrupt(
                f"{name}: balance {change.balance_after}, but the postings add up to {self.points[record.member_id]}"
            )
