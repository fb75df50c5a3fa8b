"""Publishers choose partitions as they like; a member's purchases still meet in one place, once."""

import zlib

from partitioner import murmur2
from store import some_purchases


def test_the_partition_of_a_member_is_what_javas_producer_computes():
    """Values of Kafka's own UtilsTest."""
    known = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107}
    for text, value in known.items():
        assert murmur2(text.encode()) == value & 0xFFFFFFFF


def misrouted(system, purchases):
    """librdkafka's default partitioner takes CRC32 of the key."""
    return sum(
        zlib.crc32(bought["member_id"].encode()) % system.partitions
        != system.partition_of(bought["member_id"])
        for bought in purchases
    )


def test_crc32_and_murmur2_publishers_come_to_the_same_sums(fresh):
    purchases = some_purchases(600, members=60, seed=3)
    wrong = misrouted(fresh, purchases)
    assert 100 < wrong < 600
    ledger = fresh.ledger()
    fresh.start_accrual("accrual-a")
    for bought in purchases:
        ledger.take(bought)
    fresh.store("consistent_random").publish(*purchases)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {"OUTCOME_ACCEPTED": 600, "OUTCOME_FORWARDED": wrong}
    fresh.store("murmur2_random").publish(*purchases)
    fresh.check_against(ledger.accepted)
    assert fresh.log.outcomes == {
        "OUTCOME_ACCEPTED": 600,
        "OUTCOME_FORWARDED": wrong,
        "OUTCOME_DUPLICATE": 600,
    }
    assert fresh.dead_letters() == {}


def test_a_forwarded_purchase_counts_once_although_its_sender_dies(fresh):
    """kill -9 between taking a misrouted purchase and sending it on, again and again."""
    ledger = fresh.ledger()
    accrual = fresh.start_accrual(HY_STATIC_MEMBERSHIP="true", HY_BATCH_INPUTS="50")
    published = []
    for turn in range(6):
        purchases = some_purchases(200, members=60, seed=100 + turn)
        for bought in purchases:
            ledger.take(bought)
        fresh.store("consistent_random").publish(*purchases)
        published += purchases
        accrual.kill()
        accrual.start()
        if turn % 2:
            accrual.wait_ready()
    fresh.check_against(ledger.accepted)
    outcomes = dict(fresh.log.outcomes)
    outcomes.pop("OUTCOME_REPEATED", None)  # sent again after a crash, and recognised
    assert outcomes == {"OUTCOME_ACCEPTED": 1200, "OUTCOME_FORWARDED": misrouted(fresh, published)}
