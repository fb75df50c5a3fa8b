"""A log copied message for message into topics of its own, so that the copy can be damaged; Redis stays the one that belongs to the original."""

import json
import subprocess

from confluent_kafka import Consumer, Producer, TopicPartition

from protos import common
from system import BIN


class CopiedLog:
    def __init__(self, system, name="points"):
        self.system, self.name = system, name
        self.partitions = [self.read(number) for number in range(system.partitions)]

    def read(self, number):
        consumer = Consumer({"bootstrap.servers": self.system.backend.brokers, "group.id": "tests-copy", "auto.offset.reset": "error"})
        partition = TopicPartition(self.system.topic(self.name), number, 0)
        messages = []
        try:
            end = consumer.get_watermark_offsets(partition, timeout=20)[1]
            consumer.assign([partition])
            while len(messages) < end:
                for message in consumer.consume(1000, timeout=1):
                    assert message.error() is None, message.error()
                    messages.append(message.value())
        finally:
            consumer.close()
        return messages

    def blocks(self, number):
        """(place in the partition, Block) of each block."""
        decoded = enumerate(common.LogMessage.FromString(message) for message in self.partitions[number])
        return [(place, message.block) for place, message in decoded if message.HasField("block")]

    def verify(self, suffix):
        """Writes the copy as it is now; returns what `verify` finds in it: check → the first fault, in words."""
        prefix = f"{self.system.topic_prefix}{suffix}."
        environment = dict(self.system.environment, HY_TOPIC_PREFIX=prefix)

        def ctl(*arguments):
            return subprocess.run([BIN / "huiyuanctl", *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)

        done = ctl("topics", "create")
        assert done.returncode == 0, done.stderr
        producer = Producer({"bootstrap.servers": self.system.backend.brokers, "enable.idempotence": True})
        for number, messages in enumerate(self.partitions):
            for message in messages:
                producer.produce(prefix + self.name, value=message, partition=number)
        assert producer.flush(30) == 0
        done = ctl("verify", "--log", self.name, "--json")
        assert done.returncode in (0, 1), done.stderr
        return {check["check"]: check["first"] for check in json.loads(done.stdout)["checks"] if check["faults"]}
