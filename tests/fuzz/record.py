#!/usr/bin/env python3
"""Seeds from a short real run: starts Kafka, Redis and all services, enrols members who buy and use a coupon, and keeps
what stands in Kafka and Redis afterwards as tests/fuzz/corpus/TARGET/real-*.

    HY_BIN=build/release/bin .dev/venv/bin/python tests/fuzz/record.py

Ids, times and keys differ with every run, so this is run when the form of something has changed, not in tests.
"""
import time

import make_corpus as corpus
from parts import number, part

import requests
from backend import Backend, wait_until
from confluent_kafka import Consumer, TopicPartition
from store import purchase
from system import PROGRAMS, System

LOGS = ["members", "points", "tiers", "campaigns", "deliveries"]
TEMPLATES = corpus.ROOT / "deploy" / "templates"
LOG_LIMIT_BYTES, MESSAGES_LIMIT, STATES_LIMIT = 8192, 6, 2


def call(system, method, path, body=None):
    answer = requests.request(method, system.gateway_url + path, json=body, timeout=30)
    assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def live(system):
    """One who enrols, buys, is raised, changes; one who leaves."""
    now_ms = int(time.time() * 1000)
    for count, name in enumerate(["李 小龙", "Ada"]):
        person = {"phone": f"1392026000{count}", "name": name, "email": "a@example.com", "birthday": "1992-02-29",
                  "consents": {"email": True, "sms": True}}
        member = call(system, "POST", "/v1/members", person)["member_id"]
        for bought in range(4):
            made = purchase(member, occurred_at_ms=now_ms - 60000 * (9 - bought))
            made["lines"][0] |= {"paid_fen": 300000, "category": "MEAT"}
            call(system, "POST", "/v1/purchases", made)
        call(system, "PATCH", f"/v1/members/{member}", {"name": name + " X", "consents": {"sms": False}})
        if count == 1:
            call(system, "DELETE", f"/v1/members/{member}")
    time.sleep(5)


def messages(system, topic):
    """By partition, from the first on."""
    reader = Consumer({"bootstrap.servers": system.backend.brokers, "group.id": "record", "enable.auto.commit": False})
    found = {}
    for partition in range(system.partitions):
        low, high = reader.get_watermark_offsets(TopicPartition(system.topic(topic), partition), timeout=10)
        reader.assign([TopicPartition(system.topic(topic), partition, low)])
        while len(found.setdefault(partition, [])) < high - low:
            message = reader.poll(10)
            assert message is not None and message.error() is None, f"{topic}: nothing comes"
            found[partition].append(message.value() or b"")
    reader.close()
    return found


def keep_messages(system):
    bought = [value for values in messages(system, "purchases").values() for value in values]
    for count, value in enumerate(bought[:2]):
        corpus.put("purchase", f"real-{count}", value)
    asked = [value for values in messages(system, "commands").values() for value in values]
    seed = b"".join(part(1 + LOGS.index(corpus.commands.Command.FromString(value).to), value) for value in asked[:MESSAGES_LIMIT])
    corpus.put("services", "real", seed + b"".join(part(2, value) for value in bought[:2]))


def keep_logs(system):
    for log, name in enumerate(LOGS):
        longest = max(messages(system, name).values(), key=len)
        seed = number(9, log)
        for value in longest[:MESSAGES_LIMIT]:
            if len(seed) + len(value) < LOG_LIMIT_BYTES:
                seed += part(1, value)
        corpus.put("log", f"real-{name}", seed)


def keep_states(system):
    prefix = system.redis_prefix.encode()
    for log, name in enumerate(LOGS):
        states = [key for key in sorted(system.redis.scan_iter(prefix + b"*:" + name.encode() + b":m:*"))][:STATES_LIMIT]
        seed = b"".join(number(9, log) + part(7, system.redis.get(key)) for key in states)
        for key in states:
            state = corpus.projection.MemberState.FromString(system.redis.get(key))
            seed += part(1 + log, state.state)
        for key in sorted(system.redis.scan_iter(prefix + b"*:" + name.encode() + b":w"))[:1]:
            seed += part(6, system.redis.get(key))
        corpus.put("states", f"real-{name}", seed)


def main():
    backend = Backend().start()
    system = None
    try:
        system = System(backend).publish_program(PROGRAMS.parents[2] / "deploy/dev/program.yaml")
        for path in sorted((corpus.ROOT / "deploy/dev/campaigns").glob("*.yaml")):
            system.ctl("campaign", "publish", path)
        started = [system.start_member(), system.start_accrual(), system.start_tier(), system.start_campaign(),
                   system.start_notification(HY_TEMPLATES=str(TEMPLATES))]
        for service in started:
            service.wait_ready()
        live(system)
        keep_messages(system)
        keep_logs(system)
        keep_states(system)
    finally:
        if system:
            system.close()
        backend.stop()


if __name__ == "__main__":
    main()
