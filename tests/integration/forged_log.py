"""A log whose service does not run, written by hand: a claim, then one block for each record, as the reader rule wants them."""

import hashlib
import secrets
import time

from confluent_kafka import Producer

from protos import common


class ForgedPartition:
    def __init__(self):
        self.claim = secrets.randbits(63) + 1
        self.claimed = False
        self.seq = 0
        self.previous_hash = b""


class ForgedLog:
    def __init__(self, system, name):
        self.system, self.name = system, name
        self.producer = Producer({"bootstrap.servers": system.backend.brokers, "enable.idempotence": True, "linger.ms": 0})
        self.partitions = [ForgedPartition() for _ in range(system.partitions)]

    def send(self, number, **message):
        value = common.LogMessage(**message).SerializeToString()
        self.producer.produce(self.system.topic(self.name), value=value, partition=number)
        assert self.producer.flush(20) == 0
        return value

    def append(self, member_id, *bodies, at_ms=None):
        """One block with a record for each body; returns their names: "<log>-<partition>-<seq>-<index>"."""
        number = self.system.partition_of(member_id)
        partition = self.partitions[number]
        now_ms = int(time.time() * 1000)
        if not partition.claimed:
            self.send(number, claim=common.Claim(claim=partition.claim, instance="forged", recorded_at_ms=now_ms))
            partition.claimed = True
        partition.seq += 1
        block = common.Block(
            claim=partition.claim, seq=partition.seq, recorded_at_ms=now_ms, previous_hash=partition.previous_hash
        )
        for body in bodies:
            block.records.add(
                input_id=secrets.token_hex(8),
                member_id=member_id,
                event_time_ms=at_ms or now_ms,
                outcome=common.OUTCOME_ACCEPTED,
                body=body.SerializeToString(),
            )
        value = self.send(number, block=block)
        partition.previous_hash = hashlib.sha256(value).digest()
        return [f"{self.name}-{number}-{partition.seq}-{index}" for index in range(len(bodies))]
