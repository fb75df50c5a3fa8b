#!/usr/bin/env python3
"""Makes random-*.yaml and random-*.txt: random programs and purchases, calculated by other code than ours.

Exact fractions, straight from product.md A1 and the words of deploy/dev/program.yaml. The random numbers are fixed, so
running it again gives the same files:  python3 tests/golden/points/generate.py
"""
import math
import random
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).parent
SHANGHAI = timezone(timedelta(hours=8))
CATEGORIES = ["GROCERY", "PRODUCE", "MEAT", "MEAT-PCKGD", "SALAD BAR", "护肤", "护肤品", "NUTRITION", "FUEL", ""]
BRANDS = ["National", "Private", "百雀羚", ""]
STORES = ["367", "406", "sh-001", "sh-002"]
CHANNELS = ["STORE", "ONLINE", "APP", "MINI_PROGRAM", "PARTNER"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
METHODS = ["CASH", "CARD", "WECHAT", "ALIPAY", "OTHER_MONEY", "GIFT_CARD", "POINTS_PAID", "STORED_VALUE"]
NO_MONEY = {"GIFT_CARD", "POINTS_PAID"}


def some(rng, values, least=1):
    values = [value for value in values if value != ""]
    return sorted(rng.sample(values, rng.randint(least, len(values))))


def multiplier(rng, extreme):
    if extreme:
        return rng.choice([10000, 9999, 1, 0, 100])
    return rng.choice([100, 110, 120, 125, 150, 200, 300, rng.randint(1, 500)])


def make_when(rng):
    when = {}
    if rng.random() < 0.4:
        when["stores"] = some(rng, STORES)
    if rng.random() < 0.3:
        when["channels"] = some(rng, CHANNELS)
    if rng.random() < 0.4:
        when["weekdays"] = some(rng, WEEKDAYS)
    if rng.random() < 0.4:
        first = datetime(2024, 1, 1) + timedelta(days=rng.randint(0, 40))
        when["from"] = first.date()
        if rng.random() < 0.7:
            when["to"] = (first + timedelta(days=rng.randint(0, 30))).date()
    if rng.random() < 0.4:
        when["categories"] = some(rng, CATEGORIES)
    if rng.random() < 0.3:
        when["brands"] = some(rng, BRANDS)
    if rng.random() < 0.3:
        when["minimum_spend"] = rng.randint(0, 30000)
    return when


def make_program(rng, number, extreme):
    rules = {
        "points_per_yuan": 10000 if extreme else rng.choice([100, 100, 50, 150, 333]),
        "minimum_spend": 0 if extreme else rng.choice([0, 0, 500, 1999]),
        "rounding": ["floor", "half_up", "ceiling"][number % 3],
    }
    rules["categories"] = [(f"c{i}", some(rng, CATEGORIES), multiplier(rng, extreme)) for i in range(rng.randint(0, 5))]
    rules["tiers"] = [(f"t{i}", multiplier(rng, extreme)) for i in range(rng.randint(1, 5))]
    # With one stackable campaign every factor may be 100.00: 10^20, exactly the limit of a program.
    stackable = 1 if extreme else rng.randint(0, 4)
    campaigns = [(f"a{i}", multiplier(rng, extreme), i < stackable, make_when(rng)) for i in range(rng.randint(stackable, 12))]
    rng.shuffle(campaigns)
    rules["campaigns"] = campaigns
    return rules


def yuan(hundredths):
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def quoted(values):
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def when_text(when):
    parts = []
    for key, value in when.items():
        if isinstance(value, list):
            parts.append(f"{key}: {quoted(value)}")
        elif key == "minimum_spend":
            parts.append(f"{key}: {yuan(value)}")
        else:
            parts.append(f"{key}: {value}")
    return "{" + ", ".join(parts) + "}"


def program_text(rules, number):
    lines = ["# Made by generate.py.", f"program: random-{number}", f"version: {number + 1}", "effective_from: 2024-01-01"]
    lines += ["earning:", f"  points_per_yuan: {yuan(rules['points_per_yuan'])}",
              f"  minimum_spend: {yuan(rules['minimum_spend'])}", f"  rounding: {rules['rounding']}"]
    if rules["categories"]:
        lines.append("categories:")
        lines += [f"  - {{id: {i}, categories: {quoted(c)}, multiplier: {yuan(m)}}}" for i, c, m in rules["categories"]]
    lines.append("tiers:")
    lines += [f"  - {{id: {i}, multiplier: {yuan(m)}}}" for i, m in rules["tiers"]]
    if rules["campaigns"]:
        lines.append("campaigns:")
        for i, m, stackable, when in rules["campaigns"]:
            lines.append(f"  - {{id: {i}, multiplier: {yuan(m)}, stackable: {str(stackable).lower()}, when: {when_text(when)}}}")
    return "\n".join(lines) + "\n"


def make_purchase(rng, rules, extreme):
    start = datetime(2024, 1, 1, tzinfo=SHANGHAI)
    at = start + timedelta(seconds=rng.randint(0, 80 * 86400))
    if rng.random() < 0.2:
        at = at.replace(hour=0, minute=0, second=0)
    count = rng.choice([1, 2, 3, 3, 4, 7, 20])
    largest = 10**9 // count if extreme else rng.choice([200, 2000, 20000])
    lines = [(rng.choice(CATEGORIES), rng.choice(BRANDS), rng.choice([largest, rng.randint(0, largest)])) for _ in range(count)]
    total = sum(paid for _, _, paid in lines)
    payments = []
    if rng.random() < 0.5:
        left = total
        for _ in range(rng.randint(0, 2)):
            part = rng.randint(0, left)
            payments.append((rng.choice(METHODS), part))
            left -= part
        payments.append((rng.choice(METHODS), left))
    return {"at": at, "tier": rng.randrange(len(rules["tiers"])), "store": rng.choice(STORES), "channel": rng.choice(CHANNELS),
            "lines": lines, "payments": payments, "total": total,
            "money": sum(a for m, a in payments if m not in NO_MONEY) if payments else total}


def holds(when, purchase, line):
    category, brand, _ = line
    local = purchase["at"].astimezone(SHANGHAI)
    return ("stores" not in when or purchase["store"] in when["stores"]) \
        and ("channels" not in when or purchase["channel"] in when["channels"]) \
        and ("weekdays" not in when or WEEKDAYS[local.weekday()] in when["weekdays"]) \
        and ("from" not in when or local.date() >= when["from"]) \
        and ("to" not in when or local.date() <= when["to"]) \
        and ("categories" not in when or category in when["categories"]) \
        and ("brands" not in when or brand in when["brands"]) \
        and purchase["money"] >= when.get("minimum_spend", 0)


def exact_line(rules, purchase, line):
    """Exact points, and the names of what applied."""
    points = Fraction(line[2], 100) * Fraction(rules["points_per_yuan"], 100) * Fraction(purchase["money"], purchase["total"])
    names = ["base"]
    for name, categories, factor in rules["categories"]:
        if line[0] in categories:
            points *= Fraction(factor, 100)
            names.append(name)
            break
    tier, factor = rules["tiers"][purchase["tier"]]
    points *= Fraction(factor, 100)
    if factor != 100:
        names.append(f"tier:{tier}")
    holding = [campaign for campaign in rules["campaigns"] if holds(campaign[3], purchase, line)]
    single = [campaign for campaign in holding if not campaign[2]]
    counting = {campaign[0] for campaign in holding if campaign[2]}
    if single:
        counting.add(max(single, key=lambda campaign: campaign[1])[0])  # max keeps the first of equal ones
    for name, factor, _, _ in rules["campaigns"]:
        if name in counting:
            points *= Fraction(factor, 100)
            names.append(name)
    return points, names


def round_once(points, rounding):
    if rounding == "floor":
        return math.floor(points)
    if rounding == "ceiling":
        return math.ceil(points)
    return math.floor(points + Fraction(1, 2))


def calculate(rules, purchase):
    if purchase["money"] == 0:
        return None, "no-money"
    if purchase["money"] < rules["minimum_spend"]:
        return None, "minimum-spend"
    exact = [exact_line(rules, purchase, line) for line in purchase["lines"]]
    whole = round_once(sum(points for points, _ in exact), rules["rounding"])
    shares = [math.floor(points) for points, _ in exact]
    order = sorted(range(len(exact)), key=lambda i: (-(exact[i][0] - shares[i]), i))
    for i in order[:whole - sum(shares)]:
        shares[i] += 1
    assert sum(shares) == whole
    return [(share, names) for share, (_, names) in zip(shares, exact)], None


def case_text(rules, purchase):
    results, reason = calculate(rules, purchase)
    text = [f"purchase {rules['tiers'][purchase['tier']][0]} | {purchase['channel']} | {purchase['store']} | "
            f"{purchase['at'].isoformat()}"]
    for i, (category, brand, paid) in enumerate(purchase["lines"]):
        share, names = results[i] if results else (0, [])
        text.append(f"line {i + 1} | {category} | {brand} | {yuan(paid)} => {share} : {' '.join(names)}".rstrip())
    text += [f"pay {method} | {yuan(amount)}" for method, amount in purchase["payments"]]
    text.append(f"points {sum(share for share, _ in results) if results else 0}")
    if reason:
        text.append(f"reason {reason}")
    return "\n".join(text) + "\n"


def main():
    for number in range(9):
        rng = random.Random(number)
        extreme = number >= 6
        rules = make_program(rng, number, extreme)
        (HERE / f"random-{number}.yaml").write_text(program_text(rules, number), encoding="utf-8")
        cases = [case_text(rules, make_purchase(rng, rules, extreme)) for _ in range(60)]
        head = f"# Made by generate.py.\nprogram tests/golden/points/random-{number}.yaml\n\n"
        (HERE / f"random-{number}.txt").write_text(head + "\n".join(cases), encoding="utf-8")


if __name__ == "__main__":
    main()
