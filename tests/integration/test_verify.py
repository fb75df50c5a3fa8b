"""`huiyuanctl verify` finds damage, and only damage. The log and Redis are damaged here on purpose."""

import hashlib

import pytest
from confluent_kafka import Producer

from backend import wait_until
from protos import common, points, projection
from store import some_purchases


@pytest.fixture
def bought(fresh):
    """Some purchases, counted and projected; nothing runs any more."""
    accrual = fresh.start_accrual()
    purchases = some_purchases(300, members=10, seed=11)
    fresh.publish(*purchases)
    fresh.settle()
    accrual.stop()
    fresh.verify()
    return fresh


def change_member(system, member_id, change):
    key = system.member_key(member_id)
    member = projection.MemberState.FromString(system.redis.get(key))
    change(member)
    system.redis.set(key, member.SerializeToString())


def add_a_point(member):
    state = points.PointsState.FromString(member.state)
    state.balance += 1
    member.state = state.SerializeToString()


def forget_a_receipt(member):
    del member.tail[0]


def damage_balance(system):
    change_member(system, "m1", add_a_point)


def damage_receipts(system):
    member = next(
        f"m{i}"
        for i in range(10)
        if projection.MemberState.FromString(system.redis.get(system.member_key(f"m{i}"))).tail
    )
    change_member(system, member, forget_a_receipt)


def delete_member(system):
    assert system.redis.delete(system.member_key("m1")) == 1


def delete_page(system):
    pages = list(system.redis.scan_iter(f"{system.redis_prefix}{{*}}:points:p:*"))
    assert len(pages) > 10
    system.redis.delete(sorted(pages)[0])


def invent_member(system):
    value = system.redis.get(system.member_key("m1"))
    system.redis.set(system.member_key("m1").replace(":m:m1", ":m:nobody"), value)


def damage_tally(system):
    key = f"{system.redis_prefix}{{{system.partition_of('m1')}}}:points:w"
    watermark = projection.Watermark.FromString(system.redis.get(key))
    watermark.tallies[0] += 1
    system.redis.set(key, watermark.SerializeToString())


@pytest.mark.parametrize(
    "damage, check",
    [
        (damage_balance, "states"),
        (damage_receipts, "states"),
        (delete_member, "states"),
        (delete_page, "pages"),
        (invent_member, "keys"),
        (damage_tally, "tallies"),
    ],
)
def test_damage_in_redis_is_found_and_rebuilt(bought, damage, check):
    damage(bought)
    assert list(bought.faults()) == [check]
    bought.ctl("rebuild", "--yes")
    bought.verify()


def append(system, partition, message):
    producer = Producer({"bootstrap.servers": system.backend.brokers})
    producer.produce(system.topic("points"), value=message, partition=partition)
    assert producer.flush(20) == 0


def forged(system, partition, claim=None, seq=None, previous_hash=None, balance=0):
    """A block that gives m1 a million points, as good as its writer can."""
    log = system.log.read().partitions[partition]
    change = points.PointsChange(
        type=points.EARN, points=1000000, balance_after=system.log.balance["m1"] + 1000000 + balance
    )
    change.lines.add(line_id="1", paid_fen=100000000, points=1000000)
    block = common.Block(
        claim=log.current if claim is None else claim,
        seq=log.last + 1 if seq is None else seq,
        recorded_at_ms=log.recorded_at_ms,
    )
    block.previous_hash = log.previous_hash if previous_hash is None else previous_hash
    for topic, offset in log.positions.items():
        block.positions.add(topic=topic, next_offset=offset)
    entry = len([name for name in system.log.accepted if name[0] == "m1"]) + 1
    block.records.add(
        input_id="forged",
        member_id="m1",
        outcome=common.OUTCOME_ACCEPTED,
        program_version=1,
        source=1,
        offset=log.positions["purchases"],
        entry=entry,
        body=change.SerializeToString(),
        event_time_ms=log.recorded_at_ms,
    )
    return common.LogMessage(block=block).SerializeToString()


def test_a_block_of_a_former_owner_is_dropped_and_everything_is_well(bought):
    partition = bought.partition_of("m1")
    append(bought, partition, forged(bought, partition, claim=0x1234567))
    bought.verify()
    accrual = bought.start_accrual().wait_ready()
    more = some_purchases(50, members=10, seed=12)
    bought.publish(*more)
    bought.settle()
    bought.verify()
    assert "forged" not in {purchase_id for _, purchase_id in bought.log.accepted}
    accrual.check_alive()


def test_a_block_that_was_seen_before_is_dropped(bought):
    partition = bought.partition_of("m1")
    append(bought, partition, forged(bought, partition, seq=1))
    bought.verify()


@pytest.mark.parametrize(
    "how, check",
    [
        ({"previous_hash": hashlib.blake2b(b"other", digest_size=32).digest()}, "chain"),
        ({"seq": 1000000}, "chain"),
        ({"balance": 7}, "balance"),
    ],
    ids=["broken chain", "a hole", "a balance that is not the sum"],
)
def test_a_forged_block_is_found(bought, how, check):
    partition = bought.partition_of("m1")
    append(bought, partition, forged(bought, partition, **how))
    assert check in bought.faults()


def test_a_log_with_a_hole_stops_its_partition_loudly_and_no_other(bought):
    """Nothing is decided on a log that is corrupt."""
    partition = bought.partition_of("m1")
    append(bought, partition, forged(bought, partition, seq=1000000))
    accrual = bought.start_accrual()
    wait_until(
        lambda: '"level":"error"' in accrual.tail(200),
        lambda: f"the service says what is wrong:\n{accrual.tail()}",
        30,
    )
    assert not accrual.ready()
    accrual.check_alive()
