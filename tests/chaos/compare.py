"""Holds everything that came of it against the truth: the logs by the second reader, Redis, the members' pages, the mails.

Each check yields its differences in words: whose, expected, found."""

import concurrent.futures
from collections import Counter, defaultdict

import requests

from found import FINAL, turns
from protos import projection, tiers
from shop import BIRTHDAYS

TIERS = ["ordinary", "silver", "gold", "diamond"]


def tier_of(growth, spend_fen):
    """program.yaml, once more; all purchases are of today."""
    if spend_fen > 150000:
        return "diamond"
    return "gold" if growth > 800 else "silver" if growth > 300 else "ordinary"


# ---- purchases and points


def different(what, expected, found):
    """Of two dicts."""
    for name in sorted(expected.keys() | found.keys(), key=str):
        if expected.get(name) != found.get(name):
            yield f"{what} of {name}: expected {expected.get(name)}, found {found.get(name)}"


def check_purchases(truth, found):
    yield from different(
        "purchase (points, lines, program)",
        {name: (wanted.points, wanted.lines, wanted.version) for name, wanted in truth.accepted.items()},
        {name: tuple(value) for name, value in found.points.accepted.items()},
    )


def check_answers(truth, found):
    for name, said in truth.answers.items():
        if found.points.said.get(name) != said:
            yield f"answer to {name}: the till got {said}, the log has {found.points.said.get(name)}"


def check_points_in_redis(truth, found):
    wanted = {
        member: (truth.ledger.balance[member], truth.ledger.balance[member], len(money), sum(money))
        for member, money in truth.money_fen.items()
    }
    states = found.system.members(wanted)
    yield from different(
        "points in Redis (balance, earned, purchases, spend)",
        wanted,
        {
            member: (state.balance, state.earned, state.purchases, state.spend_fen)
            for member, state in states.items()
            if state
        },
    )


def check_entries(truth, found):
    """A purchase or a tier is one entry each; Redis counts as many."""
    wanted = {
        member: len(truth.money_fen.get(member, ())) + sum(change.kind == tiers.RAISED for change in found.tiers[member])
        for member in truth.money_fen
    }
    yield from different("entries in the log", wanted, dict(found.points.entries))
    keys = list(wanted)
    values = found.system.redis.mget([found.system.member_key(member) for member in keys])
    counted = {
        member: projection.MemberState.FromString(value).entries for member, value in zip(keys, values) if value
    }
    yield from different("entries in Redis", wanted, counted)


def check_inputs(truth, found):
    """Every message is one record; no purchase was refused but those that contradict."""
    outcomes = found.points.outcomes
    ends = sum(found.points.ends(found.system.topic("purchases")))
    sources = found.system.sources_of("points")
    records = sum(
        len(places) for (_, source), places in found.points.inputs.items() if source == sources.index("purchases") + 1
    )
    if records != ends:
        yield f"inputs: {ends} messages in purchases, {records} records of them"
    if outcomes["OUTCOME_CONFLICT"] != truth.conflicts:
        yield f"contradictions: {truth.conflicts} published, {outcomes['OUTCOME_CONFLICT']} in the log"
    # An emission that overtook another is refused, and sent again behind it.
    overtook = found.points.codes["emission_gap"]
    if refused := outcomes["OUTCOME_DECLINED"] + outcomes["OUTCOME_REJECTED"] - overtook:
        yield f"refused: {refused}, {dict(found.points.codes)}"
    letters = Counter(letter.code for letter in found.system.dead_letters().values())
    del letters["emission_gap"]
    if letters != Counter({"id_reused": truth.conflicts} if truth.conflicts else {}):
        yield f"dead letters: expected {truth.conflicts} of id_reused, found {dict(letters)}"


# ---- tiers


def wanted_tier(truth, member):
    money = truth.money_fen.get(member, ())
    growth = sum(fen // 100 for fen in money)
    return (tier_of(growth, sum(money)), growth, sum(money))


def check_tiers(truth, found):
    for member in truth.money_fen:
        tier, growth, spend_fen = wanted_tier(truth, member)
        changes = found.tiers[member]
        state = found.system.member_state(member, "tiers", tiers.TierState)
        has = state and (state.tier or TIERS[0], state.growth, state.year_spend_fen)
        if has != (tier, growth, spend_fen):
            yield f"tier of {member}: expected {(tier, growth, spend_fen)}, Redis has {has}"
        counted = sum(change.kind in (tiers.COUNTED, tiers.RAISED) for change in changes)
        if counted != len(truth.money_fen[member]):
            yield f"purchases that tier counted of {member}: expected {len(truth.money_fen[member])}, found {counted}"
        raised = [change.tier for change in changes if change.kind == tiers.RAISED]
        if raised != sorted(set(raised), key=TIERS.index) or (raised or TIERS)[-1 if raised else 0] != tier:
            yield f"rises of {member}: {raised}, expected to end at {tier}"
        if found.points.tiers_taken[member] != len(raised):
            yield f"tiers that points took of {member}: {found.points.tiers_taken[member]} of {raised}"


# ---- members, coupons


def check_members(truth, found):
    yield from different("openings", dict.fromkeys(truth.people, 1), dict(found.members))


def check_coupons(truth, found):
    issued = [(change.campaign_id, member) for member, change in found.campaigns["COUPON_ISSUED"]]
    for name, wanted in turns(truth).items():
        have = [member for campaign, member in issued if campaign == name]
        budget = BIRTHDAYS[name]["budget"]
        if len(have) != len(set(have)) or set(have) - wanted:
            yield f"coupons of {name}: twice or for others: {Counter(have) - Counter(wanted)}"
        if len(have) != min(budget, len(wanted)):
            yield f"coupons of {name}: {len(have)} issued, budget {budget}, {len(wanted)} members"
    codes = Counter(change.coupon.code for _, change in found.campaigns["COUPON_ISSUED"])
    opened = Counter(change.coupon.code for _, change in found.campaigns["COUPON_OPENED"])
    if codes != opened or set(codes.values()) - {1}:
        yield f"coupons opened: {opened - codes}, not: {codes - opened}"
    for kind in "COUPON_USED_UP", "COUPON_SPENT":
        used = Counter(change.coupon.code for _, change in found.campaigns[kind])
        yield from different(kind, dict.fromkeys(truth.redeemed, 1), dict(used))


def coupons_of(found):
    """member: code → campaign, as issued."""
    issued = defaultdict(dict)
    for member, change in found.campaigns["COUPON_ISSUED"]:
        issued[member][change.coupon.code] = change.campaign_id
    return issued


def wanted_page(truth, member, issued):
    tier, growth, spend_fen = wanted_tier(truth, member)
    wanted = {
        "balance": truth.ledger.balance.get(member, 0),
        "purchases": len(truth.money_fen.get(member, ())),
        "spend_fen": spend_fen,
    }
    if member in truth.money_fen:
        wanted |= {"tier": tier, "growth": growth}
    if member in truth.people:
        person = truth.people[member]
        wanted |= {name: person[name] for name in ("phone", "name", "birthday", "email")}
        wanted["coupons"] = {
            code: ("redeemed", truth.redeemed[code]["store_id"]) if code in truth.redeemed else ("open", None)
            for code in issued
        }
    return wanted


def shown_page(page):
    shown = {name: page["points"][name] for name in ["balance"]} | {
        name: page[name] for name in ("purchases", "spend_fen")
    }
    if "tier" in page:
        shown |= {"tier": page["tier"]["id"], "growth": page["tier"]["growth"]}
    if "profile" in page:
        profile = page["profile"]
        shown |= {name: profile.get(name) for name in ("phone", "name", "birthday", "email")}
        shown["coupons"] = {
            coupon["code"]: (coupon["status"], coupon.get("store_id")) for coupon in page.get("coupons", ())
        }
    return shown


def check_pages(truth, found, urls):
    """What everybody sees, of every member, by both gateways in turn."""
    issued = coupons_of(found)

    def look(number, member):
        page = requests.get(f"{urls[number % len(urls)]}/v1/members/{member}", timeout=20)
        if page.status_code != 200:
            return f"page of {member}: {page.status_code} {page.text}"
        wanted, shown = wanted_page(truth, member, issued[member]), shown_page(page.json())
        return None if wanted == shown else f"page of {member}: expected {wanted}, found {shown}"

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield from filter(None, pool.map(look, *zip(*enumerate(sorted(truth.members())))))


# ---- mails


def check_mails(truth, found, mail):
    """At most once each; once when the log says sent; never when it says that it was not."""
    received = Counter(message["message-id"].strip("<>").partition("@")[0] for _, message in mail.mails)
    for name, number in received.items():
        if number > 1 or name not in found.deliveries:
            yield f"mail {name}: received {number} times, the log says {found.deliveries.get(name)}"
    for name, kinds in found.deliveries.items():
        bounds = {"SENT": {1}, "UNCERTAIN": {0, 1}}.get(kinds[-1], {0})
        if received[name] not in bounds:
            yield f"mail {name}: received {received[name]} times, the log says {kinds}"
        known = found.addressees[name] in truth.people  # whom nobody enrolled is waited for a while
        if kinds.count("QUEUED") != 1 or (known and (len(FINAL & set(kinds)) != 1 or kinds[-1] not in FINAL)):
            yield f"delivery {name} to {found.addressees[name]}: {kinds}"
    addresses = {person["email"] for person in truth.people.values()}
    if others := {address for address, _ in mail.mails} - addresses:
        yield f"mails to addresses that nobody has: {others}"
    wanted = len(found.campaigns["COUPON_ISSUED"]) + sum(
        sum(change.kind == tiers.RAISED for change in found.tiers[member]) for member in truth.people
    )
    if len(found.deliveries) < wanted:
        yield f"messages: {wanted} wanted by coupons and rises of members, {len(found.deliveries)} deliveries"


def check_verify(found):
    for check, fault in found.system.faults().items():
        yield f"huiyuanctl verify --deep: {check}: {fault}"


def compare(truth, found, shop):
    """Check: its differences."""
    found.read()
    checks = {
        "every purchase, its points and lines": check_purchases(truth, found),
        "every acknowledged answer": check_answers(truth, found),
        "every message taken once, dead letters": check_inputs(truth, found),
        "points in Redis": check_points_in_redis(truth, found),
        "number of entries": check_entries(truth, found),
        "tiers": check_tiers(truth, found),
        "members opened": check_members(truth, found),
        "coupons, budgets, redemptions": check_coupons(truth, found),
        "every member's page": check_pages(truth, found, shop.gateway_urls),
        "mails": check_mails(truth, found, shop.mail),
        "huiyuanctl verify --deep": check_verify(found),
    }
    return {name: list(differences) for name, differences in checks.items()}
