"""`huiyuanctl verify` finds damage, and only damage. The log and Redis are damaged here on purpose."""

import hashlib
import json
import os
import random
import re
import subprocess
import time

import pytest
import requests
from confluent_kafka import Producer

from backend import wait_until
from copied_log import CopiedLog
from protos import common, points, projection, tiers
from store import BEGIN_MS, Stream, line, purchase, some_purchases
from system import BIN, PROGRAMS, System


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
    return "member m1 "


def damage_receipts(system):
    member = next(
        f"m{i}"
        for i in range(10)
        if projection.MemberState.FromString(system.redis.get(system.member_key(f"m{i}"))).tail
    )
    change_member(system, member, forget_a_receipt)
    return f"member {member} "


def delete_member(system):
    assert system.redis.delete(system.member_key("m1")) == 1
    return "member m1 "


def some_page(system):
    pages = list(system.redis.scan_iter(f"{system.redis_prefix}{{*}}:points:p:*"))
    assert len(pages) > 10
    return sorted(pages)[0]


def delete_page(system):
    page = some_page(system)
    system.redis.delete(page)
    return page.decode()


def damage_page(system):
    page = some_page(system)
    value = bytearray(system.redis.get(page))
    value[len(value) // 2] ^= 4
    system.redis.set(page, bytes(value))
    return page.decode()


def invent_member(system):
    value = system.redis.get(system.member_key("m1"))
    key = system.member_key("m1").replace(":m:m1", ":m:nobody")
    system.redis.set(key, value)
    return key


def damage_tally(system):
    number = system.partition_of("m1")
    key = system.watermark_key(number)
    watermark = projection.Watermark.FromString(system.redis.get(key))
    watermark.tallies[0] += 1
    system.redis.set(key, watermark.SerializeToString())
    return f"partition {number}: issued "


def set_back(system):
    """The watermark of an earlier block: Redis must then not hold what came after it."""
    number = system.partition_of("m1")
    key = system.watermark_key(number)
    watermark = projection.Watermark.FromString(system.redis.get(key))
    watermark.claim ^= 1
    system.redis.set(key, watermark.SerializeToString())
    return f"points-{number}-{watermark.seq}, offset {watermark.offset}"


@pytest.mark.parametrize(
    "damage, check",
    [
        (damage_balance, "states"),
        (damage_receipts, "states"),
        (delete_member, "states"),
        (delete_page, "pages"),
        (damage_page, "pages"),
        (invent_member, "keys"),
        (damage_tally, "tallies"),
        (set_back, "watermark"),
    ],
)
def test_damage_in_redis_is_found_named_and_rebuilt(bought, damage, check):
    name = damage(bought)
    faults = bought.faults()
    assert list(faults) == [check] and name in faults[check], (name, faults)
    bought.ctl("rebuild", "--yes")
    bought.verify()


# ---- answers and timers


def test_an_answer_that_no_record_gave_is_found(fresh):
    """Nothing is answered that is not durable: what a caller would be told must stand in the log."""
    fresh.start_accrual().wait_ready()
    for number in range(5):
        done = requests.post(f"{fresh.gateway_url}/v1/purchases", json=purchase(f"m{number}"), timeout=30)
        assert done.status_code == 201, done.text
    fresh.settle()
    fresh.verify()
    (key, *_) = sorted(fresh.redis.scan_iter(f"{fresh.redis_prefix}{{*}}:points:a:*"))
    answer = projection.Answer.FromString(fresh.redis.get(key))
    answer.recorded_at_ms += 1
    fresh.redis.set(key, answer.SerializeToString())
    faults = fresh.faults()
    assert list(faults) == ["answers"] and key.decode() in faults["answers"], faults


@pytest.fixture
def risen(backend):
    """Members whose tiers may fall some day, so that they have timers."""
    system = System(backend).publish_program(PROGRAMS / "tiers.yaml")
    accrual, tier = system.start_accrual(), system.start_tier()
    now = int(time.time() * 1000)
    members = [f"r{i}" for i in range(8)]
    system.publish(*(purchase(member, occurred_at_ms=now, lines=[line(paid_fen=500_000)]) for member in members))

    def due():
        states = [system.member_state(member, "tiers", tiers.TierState) for member in members]
        return all(state and state.review_at_ms for state in states)

    wait_until(due, "everybody has a tier that may fall", 60)
    for _ in range(2):  # accrual hears of the tiers
        system.settle()
    for service in (accrual, tier):
        service.stop()
    system.verify()
    yield system
    system.close()


def timers_of(system, member):
    return f"{system.redis_prefix}{{{system.partition_of(member)}}}:tiers:t"


def test_a_timer_that_is_not_when_its_member_is_due_is_found(risen):
    key = timers_of(risen, "r1")
    due_ms = risen.redis.zscore(key, "r1")
    risen.redis.zadd(key, {"r1": due_ms + 1})
    faults = risen.faults()
    assert list(faults) == ["timers"] and "member r1 " in faults["timers"] and str(int(due_ms) + 1) in faults["timers"], faults
    risen.redis.zrem(key, "r1")
    assert list(risen.faults()) == ["timers"]
    risen.redis.zadd(key, {"r1": due_ms, "nobody": 5})
    faults = risen.faults()
    assert list(faults) == ["timers"] and "member nobody " in faults["timers"], faults


# ---- damage in the log


@pytest.fixture
def copied(bought):
    """The log of `bought`, to be damaged; several blocks in each partition."""
    for seed in range(4):
        accrual = bought.start_accrual(HY_BATCH_INPUTS="10", HY_BLOCK_BYTES="2048")
        bought.publish(*some_purchases(100, members=10, seed=100 + seed))
        bought.settle()
        accrual.stop()
    copy = CopiedLog(bought)
    assert copy.verify("whole") == {}, "the copy is as good as the original"
    return copy


def test_a_byte_that_flipped_in_a_block_is_found_there(copied):
    """Wherever it is: that block or the one that holds its hash is named, with its offset."""
    chance = random.Random(5)
    for turn in range(6):
        number = chance.randrange(len(copied.partitions))
        place, block = chance.choice(copied.blocks(number)[:-1])
        whole = copied.partitions[number][place]
        flipped = bytearray(whole)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        copied.partitions[number][place] = bytes(flipped)
        found = copied.verify(f"flipped-{turn}")
        copied.partitions[number][place] = whole
        names = [rf"points-{number}-{block.seq}(-\d+)?, offset {place}:"]
        names += [rf"points-{number}-{later.seq}(-\d+)?, offset {at}:" for at, later in copied.blocks(number) if at > place][:1]
        assert any(re.search(name, found.get("chain", "")) for name in names), (names, found)


def test_a_block_that_was_lost_is_found(copied):
    number = copied.system.partition_of("m1")
    blocks = copied.blocks(number)
    place, block = blocks[len(blocks) // 2]
    lost = copied.partitions[number].pop(place)
    found = copied.verify("lost")
    assert f"points-{number}-{block.seq}, offset " in found["chain"] and "blocks are missing" in found["chain"], found
    copied.partitions[number].insert(place, lost)
    place, block = copied.blocks(number)[-1]
    del copied.partitions[number][place:]
    found = copied.verify("lost-end")
    assert f"Redis is at offset {place}, the log ends at {place}" in found["watermark"], found


def test_a_claim_that_was_lost_is_found(copied):
    number = copied.system.partition_of("m1")
    messages = [common.LogMessage.FromString(message) for message in copied.partitions[number]]
    place = max(place for place, message in enumerate(messages) if message.HasField("claim"))
    del copied.partitions[number][place]
    assert "watermark" in copied.verify("unclaimed")


def test_a_byte_that_flipped_on_the_brokers_disk_is_found(bought):
    """Kafka's own checksum sees it first, and no reader gets past it."""
    number = bought.partition_of("m1")
    (path,) = bought.backend.folder.glob(f"**/{bought.topic('points')}-{number}/00000000000000000000.log")
    with open(path, "r+b") as segment:
        size = segment.seek(0, os.SEEK_END)
        segment.seek(size - 20)
        byte = segment.read(1)
        segment.seek(size - 20)
        segment.write(bytes([byte[0] ^ 8]))
    faults = bought.faults()
    assert "Kafka gives nothing from this offset on" in faults["chain"], faults
    assert f"points-{number}-" in faults["chain"], faults


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
        ({"previous_hash": hashlib.sha256(b"other").digest()}, "chain"),
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


# ---- beside running services


def test_verify_finds_nothing_while_two_instances_work_and_one_is_killed(fresh):
    """Again and again, under load: owners come and go, Redis is ahead of what was read, projections are cut off."""
    small = {"HY_BATCH_INPUTS": "50"}
    services = [fresh.start_accrual(f"accrual-{name}", **small).wait_ready() for name in "ab"]
    with Stream(fresh, a_second=1500, members=200) as stream:
        begun = time.monotonic()
        for turn in range(4):
            fresh.verify()
            if turn == 1:
                services[0].kill()
            if turn == 2:
                services[0].start()
        seconds = time.monotonic() - begun
        assert stream.published > 1000, f"{stream.published} in {seconds:.0f} s"
    fresh.check_against(stream.ledger.accepted)


# ---- bounded memory


MEMBERS = 250_000
PURCHASES = 300_000


@pytest.fixture(scope="module")
def many(backend):
    """Many members, with a purchase or two each."""
    system = System(backend).publish_program()
    accrual = system.start_accrual()
    chance = random.Random(3)

    def some(first):
        numbers = (i if i < MEMBERS else chance.randrange(MEMBERS) for i in range(first, first + 10_000))
        return [purchase(f"many-{number}") for number in numbers]

    for first in range(0, PURCHASES, 10_000):
        system.store().publish(*some(first), flush=False)
    system.store().flush(120)
    system.settle(180)
    accrual.stop()
    yield system
    system.close()


def test_a_partition_that_begins_meanwhile_is_no_fault(many):
    """Nothing was in Redis when verify asked; the first projection came while it read the log."""
    key = many.watermark_key(0)
    watermark = many.redis.getdel(key)
    with many.redis.monitor() as seen:
        command = [BIN / "huiyuanctl", "verify", "--log", "points", "--json"]
        verify = subprocess.Popen(command, env=many.environment, stdout=subprocess.PIPE)
        next(True for said in seen.listen() if said["command"].split()[1:] == [key])
        many.redis.set(key, watermark)
    report = json.loads(verify.communicate(timeout=60)[0])
    assert report["good"] and verify.returncode == 0, report


def peak_mib(process):
    """Waits for its end; the most memory that it had. What wait4 says would count this process, before the exec, too."""
    peak = 0
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            for row in status:
                if row.startswith("VmHWM:"):
                    peak = int(row.split()[1])
        time.sleep(0.01)
    return peak / 1024


def verify_within(system, mib):
    """The report, and the most memory that it took, in MiB."""
    command = [BIN / "huiyuanctl", "verify", "--log", "points", "--json", "--memory", str(mib)]
    with open(system.folder / "verify.json", "w+", encoding="utf-8") as out:
        peak = peak_mib(subprocess.Popen(command, env=system.environment, stdout=out, stderr=subprocess.DEVNULL))
        out.seek(0)
        report = json.load(out)
    (log,) = report["logs"]
    checks = {check["check"]: (check["checked"], check["faults"], check["first"]) for check in report["checks"]}
    return log, checks, peak


def test_little_memory_costs_passes_and_finds_the_same(many):
    """Members that do not fit are looked at later; what is checked, and what is found, does not depend on it."""
    change_member(many, "many-7", add_a_point)
    page = f"{many.redis_prefix}{{0}}:points:p:0:many-nobody"
    many.redis.set(page, b"")
    whole, all_at_once, most = verify_within(many, 4096)
    assert (whole["passes"], whole["members"], whole["records"]) == (1, MEMBERS, PURCHASES)
    parts, in_shares, peak = verify_within(many, 64)
    assert parts["passes"] > 1 and in_shares == all_at_once
    assert (parts["members"], parts["records"]) == (whole["members"], whole["records"])
    assert {name for name, (_, faults, _) in in_shares.items() if faults} == {"states", "keys"}
    assert "member many-7 " in in_shares["states"][2] and page in in_shares["keys"][2]
    print(f"{MEMBERS} members: {most:.0f} MiB in one pass, {peak:.0f} MiB in {parts['passes']} passes")
    assert peak < 120 and peak < 0.75 * most, (most, peak)


@pytest.mark.slow
def test_one_member_who_does_not_fit_costs_no_further_passes(fresh):
    """Splitting does not make one member smaller."""
    purchases = 1_000_000
    for first in range(0, purchases, 10_000):
        some = (purchase("regular", f"r-{number}", BEGIN_MS + 1000 * number) for number in range(first, first + 10_000))
        fresh.store().publish(*some, flush=False)
    fresh.store().flush(120)
    accrual = fresh.start_accrual()
    fresh.settle(180)
    accrual.stop()
    log, checks, peak = verify_within(fresh, 64)
    print(f"a member of {purchases} purchases: {peak:.0f} MiB in {log['passes']} passes")
    assert (log["members"], log["records"]) == (1, purchases)
    assert not any(faults for _, faults, _ in checks.values())
    assert log["passes"] == 1 and peak > 64
