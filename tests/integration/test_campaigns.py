"""Campaigns from publication to the till: each member once, budgets and coupons exact, whatever happens to the services."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Producer

from backend import ROOT, wait_until
from campaigns_client import ALPHABET, BIRTHDAY, MEMBER_DAY, Campaigns, birthday, day
from members_client import sealed
from protos import campaigns, common, members, projection
from store import DAY_MS, line, purchase
from stable_hash import bucket

CHINESE = re.compile("[一-鿿]")


@pytest.fixture
def marketing(fresh):
    fresh.start_member()
    fresh.start_accrual()
    fresh.start_campaign().wait_ready()
    return Campaigns(fresh)


# ---- a birthday


def test_a_birthday_gives_one_coupon_that_is_redeemed_once(marketing):
    marketing.publish(BIRTHDAY)
    (member_id,) = marketing.enrol(birthday(3))
    coupon = marketing.coupon_of(member_id)
    assert (coupon.campaign_id, coupon.campaign_version, coupon.value_fen, coupon.minimum_spend_fen) == (
        "birthday", 1, 2000, 10000)  # fmt: skip
    assert len(coupon.code) == 12 and set(coupon.code) <= set(ALPHABET)
    marketing.wait_state(f"coupon/{coupon.code}", lambda state: state.member_id == member_id)
    outcome, code, answer = marketing.answer(marketing.redeem(coupon.code, "till-1", store_id="S7"))
    assert (outcome, code) == ("ACCEPTED", "")
    assert (answer.code, answer.member_id, answer.coupon.value_fen, answer.coupon.store_id) == (
        coupon.code, member_id, 2000, "S7")  # fmt: skip
    spent = marketing.wait_state(member_id, lambda state: state.coupons[0].redeemed_at_ms).coupons[0]
    assert spent.store_id == "S7" and spent.redeemed_at_ms == answer.coupon.redeemed_at_ms
    assert marketing.answer(marketing.redeem(coupon.code, "till-2"))[:2] == ("DECLINED", "coupon_redeemed")
    # The till that won asks again, under another command id: the same answer.
    assert marketing.answer(marketing.redeem(coupon.code, "till-1", store_id="S7")) == ("ACCEPTED", "", answer)
    marketing.system.settle()
    marketing.check({"birthday": 1000})
    (_, issued), = marketing.read()["COUPON_ISSUED"]
    assert (issued.template, issued.occasion, issued.variant) == ("birthday", str(day(3).year), "treatment")
    marketing.system.verify()


def test_a_retry_of_the_same_command_is_answered_the_same(marketing):
    marketing.publish(BIRTHDAY)
    (member_id,) = marketing.enrol(birthday(0))
    code = marketing.coupon_of(member_id).code
    marketing.wait_state(f"coupon/{code}", lambda state: state.member_id)
    handle = marketing.redeem(code, "till-1")
    first = marketing.answer(handle)
    time.sleep(0.01)  # another time of day is no other redemption
    marketing.redeem(code, "till-1", command_id=handle)
    marketing.desk.flush()
    again = wait_until(lambda: found if (found := marketing.answer(handle))[0] != "ACCEPTED" else None, "the retry", 30)
    assert again == ("DUPLICATE", "", first[2])


def test_codes_that_were_never_issued_are_declined(marketing):
    marketing.publish(BIRTHDAY)
    (member_id,) = marketing.enrol(birthday(0))
    code = marketing.coupon_of(member_id).code
    assert marketing.answer(marketing.redeem("000000000000"))[:2] == ("DECLINED", "coupon_unknown")
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]  # mistyped: nothing is kept about it
    assert marketing.answer(marketing.redeem(wrong))[:2] == ("REJECTED", "coupon_unknown")
    assert marketing.state(f"coupon/{wrong}") is None


def test_64_tills_at_once_and_one_wins(marketing):
    marketing.publish(BIRTHDAY)
    (member_id,) = marketing.enrol(birthday(1))
    code = marketing.coupon_of(member_id).code
    marketing.wait_state(f"coupon/{code}", lambda state: state.member_id)
    with ThreadPoolExecutor(16) as pool:
        handles = list(pool.map(lambda number: marketing.redeem(code, f"till-{number}"), range(64)))
    answers = Counter(marketing.answer(handle)[:2] for handle in handles)
    assert answers == {("ACCEPTED", ""): 1, ("DECLINED", "coupon_redeemed"): 63}
    marketing.system.settle()
    marketing.check({"birthday": 1000})
    marketing.system.verify()


def test_a_member_who_rises_into_a_tier_before_the_birthday_gets_its_coupon(make_system):
    system = make_system()
    system.ctl("program", "publish", ROOT / "deploy" / "dev" / "program.yaml")
    for service in "member", "accrual", "tier", "campaign":
        system.start_service(service).wait_ready()
    marketing = Campaigns(system)
    marketing.publish(BIRTHDAY | {"tiers": "[silver, gold, diamond]"})
    buyer, other = marketing.enrol(birthday(3), birthday(3))
    wait_until(lambda: marketing.count("MEMBER_SEEN") == 2, "both members seen", 30)
    system.publish(purchase(buyer, "p1", marketing.now_ms(), [line(1, 150000)]))
    assert marketing.coupon_of(buyer).campaign_id == "birthday"
    (entered,) = marketing.read()["ENTERED"]
    assert (entered[0], entered[1].tier) == (buyer, "silver")
    assert not marketing.state(other).coupons
    system.settle().verify()


# ---- the budget


def test_a_budget_of_5_gives_5_coupons_also_when_an_instance_is_killed(marketing):
    system = marketing.system
    second = system.start_campaign("campaign-2").wait_ready()
    system.wait_owners("campaigns", ["campaign", "campaign-2"])
    marketing.publish(BIRTHDAY | {"budget": 5})
    ids = marketing.enrol(*[birthday(1 + number % 6) for number in range(25)])
    wait_until(lambda: marketing.count("ENTERED") > 0, "somebody entered", 30)
    second.kill()
    ids += marketing.enrol(*[birthday(1 + number % 6) for number in range(25)])
    wait_until(
        lambda: marketing.count("COUPON_ISSUED") + marketing.count("COUPON_DENIED") >= 50,
        lambda: f"50 settled: {({kind: len(found) for kind, found in marketing.changes.items()})}",
        60,
    )
    system.settle()
    changes = marketing.read()
    assert {kind: len(changes[kind]) for kind in ("ENTERED", "BUDGET_RESERVED", "BUDGET_EXHAUSTED")} == {
        "ENTERED": 50, "BUDGET_RESERVED": 5, "BUDGET_EXHAUSTED": 45}  # fmt: skip
    assert (len(changes["COUPON_ISSUED"]), len(changes["COUPON_DENIED"])) == (5, 45)
    assert {key for key, _ in changes["COUPON_ISSUED"] + changes["COUPON_DENIED"]} == set(ids)
    assert len({system.partition_of(member_id) for member_id in ids}) == 4
    marketing.check({"birthday": 5})
    assert marketing.state("budget/birthday").budget_used == 5
    assert sum(bool(marketing.state(member_id).coupons) for member_id in ids) == 5
    system.verify()


# ---- the control group


def test_the_control_group_is_exactly_who_the_hash_says(marketing):
    marketing.publish(BIRTHDAY | {"control_share": "12.5"})
    ids = marketing.enrol(*[birthday(number % 7) for number in range(300)])
    wait_until(lambda: marketing.count("ENTERED") + marketing.count("HELD_OUT") >= 300, "300 turns", 60)
    marketing.system.settle()
    changes = marketing.read()
    expected = {member_id for member_id in ids if bucket("birthday", member_id) < 1250}
    assert {key for key, _ in changes["HELD_OUT"]} == expected and 10 < len(expected) < 80
    assert {key for key, _ in changes["COUPON_ISSUED"]} == set(ids) - expected
    assert {change.variant for _, change in changes["HELD_OUT"]} == {"control"}
    assert not any(change.template for _, change in changes["HELD_OUT"])
    marketing.system.verify()


# ---- each once


def test_a_campaign_published_later_reaches_those_who_are_members_already(marketing):
    ids = marketing.enrol(birthday(2), birthday(5), birthday(40), birthday(-2), 0)
    wait_until(lambda: marketing.count("MEMBER_SEEN") == 5, "5 members seen", 30)
    marketing.publish(BIRTHDAY)
    for member_id in ids[:2]:
        marketing.coupon_of(member_id)
    marketing.system.settle()
    assert {key for key, _ in marketing.read()["ENTERED"]} == set(ids[:2])
    assert not marketing.read()["LOOKED"]  # nobody was looked at in vain
    marketing.check({"birthday": 1000})


def test_nobody_is_had_twice_on_an_occasion(marketing):
    system = marketing.system
    marketing.publish(BIRTHDAY)
    (member_id,) = marketing.enrol(birthday(3))
    marketing.coupon_of(member_id)
    # Another birthday, another version of the campaign, another instance.
    marketing.desk.answer(marketing.desk.update(member_id, 1, language=members.EN))
    handle = marketing.desk.update(member_id, 2, personal=sealed(), birthday=birthday(5))
    assert marketing.desk.answer(handle)[0] == "ACCEPTED"
    marketing.wait_state(member_id, lambda state: state.birthday == birthday(5))
    marketing.publish(BIRTHDAY | {"version": 2, "days_before": 10})
    system.services[-1].stop()
    system.start_campaign("campaign-again").wait_ready()
    time.sleep(3)  # timers are looked at once a second
    system.settle()
    marketing.check({"birthday": 1000})
    assert marketing.count("COUPON_ISSUED") == 1
    system.verify()


def test_who_is_erased_gets_nothing(marketing):
    (member_id,) = marketing.enrol(birthday(3))
    marketing.wait_state(member_id, lambda state: state.enrolled)
    assert marketing.desk.answer(marketing.desk.erase(member_id))[0] == "ACCEPTED"
    marketing.wait_state(member_id, lambda state: not state.enrolled)
    marketing.publish(BIRTHDAY)
    (other,) = marketing.enrol(birthday(3))
    marketing.coupon_of(other)
    time.sleep(2)
    assert [key for key, _ in marketing.read()["ENTERED"]] == [other]
    assert marketing.state(member_id).birthday == 0
    marketing.system.settle().verify()


def test_downtime_and_a_lost_redis_change_nothing(marketing):
    system = marketing.system
    marketing.publish(BIRTHDAY)
    ids = marketing.enrol(*[birthday(number % 7) for number in range(20)])
    wait_until(lambda: marketing.count("COUPON_ISSUED") == 20, "20 coupons", 30)
    codes = {change.coupon.code for _, change in marketing.read()["COUPON_ISSUED"]}
    (service,) = [service for service in system.services if service.name == "campaign"]
    service.stop()
    more = marketing.enrol(*[birthday(number % 7) for number in range(20)])
    for name in system.redis.keys(f"{system.redis_prefix}{{*}}:campaigns:*"):
        system.redis.delete(name)
    service.start().wait_ready()
    wait_until(lambda: marketing.count("COUPON_ISSUED") == 40, "40 coupons", 60)
    system.settle()
    assert {marketing.state(member_id).coupons[0].code for member_id in ids} == codes
    assert all(marketing.state(member_id).coupons for member_id in more)
    marketing.check({"birthday": 1000})
    system.verify()


# ---- a member day


def test_a_member_day_is_announced_once_the_day_before(marketing):
    marketing.publish(MEMBER_DAY | {"day": day(1).day, "control_share": 20})
    marketing.publish(MEMBER_DAY | {"id": "far", "day": day(15).day})
    ids = marketing.enrol(*[517] * 60, *[0] * 40)
    wait_until(lambda: marketing.count("ENTERED") + marketing.count("HELD_OUT") >= 100, "100 turns", 30)
    time.sleep(2)
    changes = marketing.read()
    held_out = {member_id for member_id in ids if bucket("member-day", member_id) < 2000}
    assert Counter(key for key, _ in changes["ENTERED"]) == Counter(set(ids) - held_out)
    assert Counter(key for key, _ in changes["HELD_OUT"]) == Counter(held_out)
    assert {(change.template, change.occasion) for _, change in changes["ENTERED"]} == {
        ("member-day", f"{day(1):%Y-%m}")}  # fmt: skip
    assert not changes["COUPON_ISSUED"]
    marketing.system.settle().verify()


def test_a_member_day_multiplies_points_and_the_ledger_says_so(marketing):
    system = marketing.system
    marketing.publish(MEMBER_DAY | {"day": day(0).day, "multiplier": "3.00", "categories": "[MEAT, FISH]"})
    wait_until(lambda: system.services[1].ready(), "accrual is ready", 60)
    now = marketing.now_ms()
    lines = [line(1, 10000, category="MEAT", brand="B"), line(2, 10000, category="SOAP", brand="B")]
    for days_ago in 0, 1:
        system.publish(purchase("m1", f"p{days_ago}", now - days_ago * DAY_MS, lines))
    wait_until(lambda: len(system.log.read().accepted) == 2, "two purchases", 60)
    plain = 2 if (now_day := day(0).isoweekday()) == 3 else 1  # the program doubles on Wednesdays
    assert system.log.accepted["m1", "p0"][1] == [450, 100 * plain]  # fresh food × 1.5 × 3
    plain = 2 if now_day == 4 else 1
    assert system.log.accepted["m1", "p1"][1] == [150 * plain, 100 * plain]
    explained = system.ctl("explain", "p0", "--member", "m1").stdout
    assert "member-day ×3.00  会员日" in explained or "member-day" in explained and "member day" in explained, explained
    assert "3.00" in explained
    system.settle().verify()


# ---- verify


def forge(marketing, key, change):
    """Appends a block with this change of that key, as good as its writer can: the service must not run."""
    system = marketing.system
    part = marketing.log.read().partitions[system.partition_of(key)]
    block = common.Block(
        claim=part.current, seq=part.last + 1, recorded_at_ms=part.recorded_at_ms, previous_hash=part.previous_hash
    )
    for topic, offset in part.positions.items():
        block.positions.add(topic=topic, next_offset=offset)
    state = projection.MemberState.FromString(system.redis.get(system.member_key(key, "campaigns")))
    block.records.add(
        input_id=f"timer:{part.recorded_at_ms}", member_id=key, outcome=common.OUTCOME_ACCEPTED, input_class=4,
        entry=state.entries + 1, body=change.SerializeToString(), event_time_ms=part.recorded_at_ms,
    )  # fmt: skip
    producer = Producer({"bootstrap.servers": system.backend.brokers})
    message = common.LogMessage(block=block).SerializeToString()
    producer.produce(system.topic("campaigns"), value=message, partition=part.number)
    assert producer.flush(20) == 0


def over_budget(marketing, member_id, coupon):
    return "budget/birthday", campaigns.CampaignChange(
        kind=campaigns.BUDGET_RESERVED, campaign_id="birthday", budget_used=2, budget=1, member_id=member_id
    )


def denied_too_early(marketing, member_id, coupon):
    return "budget/birthday", campaigns.CampaignChange(kind=campaigns.BUDGET_EXHAUSTED, budget_used=1, budget=7)


def redeemed_twice(marketing, member_id, coupon):
    return f"coupon/{coupon.code}", campaigns.CampaignChange(
        kind=campaigns.COUPON_USED_UP, coupon=coupon, member_id=member_id, redemption_id="again"
    )


def had_twice(marketing, member_id, coupon):
    occasion = marketing.state(member_id).turns[0].occasion
    return member_id, campaigns.CampaignChange(kind=campaigns.ENTERED, campaign_id="birthday", occasion=occasion)


@pytest.mark.parametrize(
    "wrong, check",
    [(over_budget, "budgets"), (denied_too_early, "budgets"), (redeemed_twice, "coupons"), (had_twice, "turns")],
)
def test_what_must_never_happen_is_found(marketing, wrong, check):
    marketing.publish(BIRTHDAY | {"budget": 1})
    (member_id,) = marketing.enrol(birthday(3))
    coupon = marketing.coupon_of(member_id)
    marketing.wait_state(f"coupon/{coupon.code}", lambda state: state.member_id)
    assert marketing.answer(marketing.redeem(coupon.code, "till-1"))[0] == "ACCEPTED"
    spent = marketing.wait_state(member_id, lambda state: state.coupons[0].redeemed_at_ms).coupons[0]
    marketing.system.settle().verify()
    marketing.system.services[-1].stop()
    forge(marketing, *wrong(marketing, member_id, spent))
    assert check in marketing.system.faults()


# ---- huiyuanctl


def test_every_fault_of_a_campaign_is_told_with_line_and_field_in_both_languages(fresh):
    path = Campaigns(fresh).write(BIRTHDAY | {"hour": 24, "budget": "lots"}, {"value": 0})
    done = fresh.ctl("campaign", "check", path, check=False)
    assert done.returncode == 1 and done.stdout == ""
    faults = [re.fullmatch(rf"{re.escape(str(path))}:(\d+): (?:([\w.\[\]]+): )?(.+) / (.+)", one) for one in done.stderr.splitlines()]
    assert all(faults) and all(CHINESE.search(fault[4]) for fault in faults)
    assert [fault[2] for fault in faults] == ["hour", "budget", "coupon.value"]


def test_campaigns_are_published_once_and_beside_the_program(fresh):
    marketing = Campaigns(fresh)
    assert fresh.ctl("campaign", "list", check=False).returncode == 1
    assert "published" in marketing.publish(BIRTHDAY).stdout
    assert "already published" in marketing.publish(BIRTHDAY).stdout
    marketing.publish(MEMBER_DAY | {"day": 28})
    contradicting = marketing.publish(BIRTHDAY | {"budget": 7}, check=False)
    assert contradicting.returncode == 1 and "count `version` up" in contradicting.stderr
    other_kind = marketing.publish(MEMBER_DAY | {"day": 28, "id": "birthday", "version": 2}, check=False)
    assert other_kind.returncode == 1 and "another id" in other_kind.stderr
    other_tier = marketing.publish(BIRTHDAY | {"version": 2, "tiers": "[platinum]"}, check=False)
    assert other_tier.returncode == 1 and "no tier platinum" in other_tier.stderr
    listed = fresh.ctl("campaign", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["birthday/1", "member-day/1"]
    # The program is what it was.
    assert fresh.ctl("program", "show").stdout.split()[0] == "tests/1"
    assert fresh.ctl("program", "show", 1).stdout.startswith("# What most tests run with")


def test_a_preview_counts_treatment_and_control_of_all_members(marketing):
    ids = marketing.enrol(*[birthday(number % 14) for number in range(150)], *[0] * 50)
    wait_until(lambda: marketing.count("MEMBER_SEEN") == 200, "200 members seen", 30)
    marketing.system.settle()
    path = marketing.write(BIRTHDAY | {"control_share": 30})
    shown = marketing.system.ctl("campaign", "preview", path).stdout
    control = sum(bucket("birthday", member_id) < 3000 for member_id in ids[:150])
    open_now = sum(number % 14 <= 7 for number in range(150))
    assert re.search(rf"^ordinary +{150 - control} +{control} +{open_now}$", shown, re.MULTILINE), shown
    assert re.search(rf"^total +{150 - control} +{control} +{open_now}$", shown, re.MULTILINE), shown
    assert "50 without a birthday" in shown and "200 members read" in shown
    assert not marketing.read()["ENTERED"]  # looking is not publishing
