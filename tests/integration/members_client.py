"""The commands of members as the gateway publishes them, without the gateway; and what came of them."""

import secrets
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from backend import wait_until
from protos import commands, common, members, projection

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_member_id():
    return "m" + "".join(secrets.choice(ALPHABET) for _ in range(20))


def new_identity():
    return f"phone/{secrets.token_hex(16)}"


def sealed():
    """As good as sealed: nobody without the key can tell."""
    return members.Sealed(nonce=secrets.token_bytes(24), ciphertext=secrets.token_bytes(64))


def profile(**fields):
    made = commands.OpenMember(personal=sealed(), birthday=517, language=members.ZH, **fields)
    made.consents.add(channel=members.EMAIL, granted=True)
    return made


class Members:
    def __init__(self, system):
        self.system = system
        self.producer = Producer(
            {"bootstrap.servers": system.backend.brokers, "linger.ms": 0, "enable.idempotence": True}
        )
        self.failures = []

    def produce(self, topic, key, value):
        self.producer.produce(
            self.system.topic(topic),
            key=key.encode(),
            value=value,
            partition=self.system.partition_of(key),
            on_delivery=lambda error, _: error and self.failures.append(error),
        )

    def flush(self):
        assert self.producer.flush(60) == 0
        assert not self.failures, self.failures[:3]

    def put_key(self, member_id):
        """The drawn key, wrapped; returns it as it stands in the topic."""
        wrapped = members.WrappedKey(
            nonce=secrets.token_bytes(24), ciphertext=secrets.token_bytes(48), key_encryption_key=1
        ).SerializeToString()
        self.produce("member-keys", member_id, wrapped)
        self.flush()
        return wrapped

    def command(self, key, command_id=None, **body):
        """Publishes it; returns its handle."""
        handle = command_id or f"{self.system.partition_of(key)}-{secrets.token_hex(8)}"
        command = commands.Command(
            to="members",
            command_id=handle,
            member_id=key,
            issued_at_ms=int(time.time() * 1000),
            **body,
        )
        self.produce("commands", key, command.SerializeToString())
        return handle

    def enrol(self, identity, member_id, command_id=None, **fields):
        body = commands.EnrolMember(member_id=member_id, profile=profile(**fields))
        return self.command(identity, command_id, enrol_member=body)

    def update(self, member_id, version, command_id=None, **fields):
        return self.command(member_id, command_id, update_member=commands.UpdateMember(version=version, **fields))

    def erase(self, member_id, command_id=None):
        return self.command(member_id, command_id, erase_member=commands.EraseMember())

    # ---- what came of it

    def find_answer(self, handle):
        partition = handle.split("-")[0]
        value = self.system.redis.get(f"{self.system.redis_prefix}{{{partition}}}:members:a:{handle}")
        return projection.Answer.FromString(value) if value else None

    def answer(self, handle):
        """(outcome, code, MemberAnswer), once it is there."""
        self.flush()
        found = wait_until(lambda: self.find_answer(handle), f"an answer to {handle}", 30)
        outcome = common.Outcome.Name(found.outcome).removeprefix("OUTCOME_")
        return outcome, found.code, members.MemberAnswer.FromString(found.body)

    def state(self, key):
        return self.system.member_state(key, "members", members.MemberProfile)

    def wait_state(self, key, check, seconds=30):
        def look():
            state = self.state(key)
            return state if state is not None and check(state) else None

        return wait_until(look, lambda: f"{key} is {self.state(key)}", seconds)

    def enrolled(self, identity=None, member_id=None):
        """A new member, open for changes; returns its id."""
        member_id = member_id or new_member_id()
        self.put_key(member_id)
        handle = self.enrol(identity or new_identity(), member_id)
        outcome, code, answer = self.answer(handle)
        assert (outcome, code, answer.member_id, answer.created) == ("ACCEPTED", "", member_id, True)
        self.wait_state(member_id, lambda state: state.version == 1)
        return member_id

    def redis_key(self, member_id):
        """The wrapped key that Redis has; None: none."""
        name = f"{self.system.redis_prefix}{{{self.system.partition_of(member_id)}}}:key:{member_id}"
        return self.system.redis.get(name)

    def topic_messages(self, name):
        """Everything in a topic, in order for each partition: (key, value)."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.system.backend.brokers,
                "group.id": "tests-members",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 20,
            }
        )
        found = []
        try:
            topic = self.system.topic(name)
            for number in consumer.list_topics(topic, timeout=20).topics[topic].partitions:
                high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=20)[1]
                consumer.assign([TopicPartition(topic, number, 0)])
                reached = 0
                while reached < high:
                    for message in consumer.consume(1000, timeout=0.5):
                        assert message.error() is None, message.error()
                        reached = message.offset() + 1
                        found.append((message.key(), message.value()))
        finally:
            consumer.close()
        return found

    def keys_in_topic(self, member_id):
        return [value for key, value in self.topic_messages("member-keys") if key == member_id.encode()]
