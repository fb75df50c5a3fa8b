"""What purchases must earn, computed a second time: from product.md A1 and the program file alone.

Exact integers over one common denominator for each order; no code is shared with the product.
"""

import bisect
import datetime
import pathlib
import re
import zoneinfo
from collections import namedtuple

import yaml

DAY_MS = 24 * 3600 * 1000
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
NOT_MONEY = {"GIFT_CARD", "POINTS_PAID"}

Line = namedtuple("Line", "line_id category brand paid_fen")
Campaign = namedtuple(
    "Campaign", "id factor stackable stores channels weekdays first last minimum_fen categories brands"
)


class Loader(yaml.SafeLoader):
    """Decimals stay text ("1.20" is exact, 1.2 is not), and so do dates."""


Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def hundredths(value):
    """ "1.2" → 120; also yuan → fen."""
    match = re.fullmatch(r"(\d+)(?:\.(\d{1,2}))?", str(value))
    assert match, f"{value!r} is no decimal with at most two places"
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def day(value):
    return None if value is None else datetime.date.fromisoformat(str(value))


class Program:
    def __init__(self, text):
        data = yaml.load(text, Loader)
        self.version = data["version"]
        self.zone = zoneinfo.ZoneInfo(data["time_zone"])
        self.currency = data.get("currency", "CNY")
        self.effective_from_ms = self.moment(str(data["effective_from"]))
        earning = data["earning"]
        self.base = hundredths(earning["points_per_yuan"])
        self.minimum_fen = hundredths(earning.get("minimum_spend", 0))
        self.rounding = earning.get("rounding", "floor")
        self.category = {}
        for rule in data.get("categories") or []:
            for name in rule["categories"]:
                self.category.setdefault(str(name), hundredths(rule["multiplier"]))
        tiers = data.get("tiers") or []
        self.tier = hundredths(tiers[0]["multiplier"]) if tiers else 100
        self.campaigns = [self.campaign(rule) for rule in data.get("campaigns") or []]
        self.stackable = [campaign for campaign in self.campaigns if campaign.stackable]
        self.best_of = [campaign for campaign in self.campaigns if not campaign.stackable]

    def moment(self, text):
        when = datetime.datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=self.zone)
        return int(when.timestamp() * 1000)

    @staticmethod
    def campaign(rule):
        when = rule.get("when") or {}

        def names(field):
            return {str(name) for name in when[field]} if field in when else None

        return Campaign(
            rule["id"],
            hundredths(rule["multiplier"]),
            rule.get("stackable", False),
            names("stores"),
            names("channels"),
            names("weekdays"),
            day(when.get("from")),
            day(when.get("to")),
            hundredths(when.get("minimum_spend", 0)),
            names("categories"),
            names("brands"),
        )

    def holds_for_order(self, campaign, store_id, channel, date, money_fen):
        return (
            (campaign.stores is None or store_id in campaign.stores)
            and (campaign.channels is None or channel in campaign.channels)
            and (campaign.weekdays is None or WEEKDAYS[date.weekday()] in campaign.weekdays)
            and (campaign.first is None or campaign.first <= date)
            and (campaign.last is None or date <= campaign.last)
            and money_fen >= campaign.minimum_fen
        )

    @staticmethod
    def holds_for_line(campaign, line):
        return (campaign.categories is None or line.category in campaign.categories) and (
            campaign.brands is None or line.brand in campaign.brands
        )

    def local_date(self, moment_ms):
        return datetime.datetime.fromtimestamp(moment_ms / 1000, self.zone).date()

    def line_factor(self, line, best_of, stackable):
        """The product of a line's factors; its denominator is the same for all lines."""
        best = [campaign.factor for campaign in best_of if self.holds_for_line(campaign, line)]
        factor = self.base * self.category.get(line.category, 100) * self.tier * (max(best) if best else 100)
        for campaign in self.stackable:
            factor *= (
                campaign.factor if campaign in stackable and self.holds_for_line(campaign, line) else 100
            )
        return factor

    def points(self, store_id, channel, occurred_at_ms, lines, payments=()):
        """Points of each line of an order; the whole is rounded once and shared out by largest remainder."""
        total_fen = sum(line.paid_fen for line in lines)
        money_fen = (
            sum(amount for method, amount in payments if method not in NOT_MONEY) if payments else total_fen
        )
        if total_fen == 0 or money_fen == 0 or money_fen < self.minimum_fen:
            return [0] * len(lines)
        date = self.local_date(occurred_at_ms)
        order = (store_id, channel, date, money_fen)
        best_of = [campaign for campaign in self.best_of if self.holds_for_order(campaign, *order)]
        stackable = [campaign for campaign in self.stackable if self.holds_for_order(campaign, *order)]
        factors = {}
        exact = []
        for line in lines:
            kind = (line.category, line.brand)
            factor = factors.get(kind)
            if factor is None:
                factor = factors[kind] = self.line_factor(line, best_of, stackable)
            exact.append(line.paid_fen * factor * money_fen)
        return share_out(exact, total_fen * 100 ** (5 + len(self.stackable)), self.rounding)


def share_out(exact, denominator, rounding):
    whole, remainder = divmod(sum(exact), denominator)
    if rounding == "ceiling" and remainder > 0 or rounding == "half_up" and 2 * remainder >= denominator:
        whole += 1
    shares = [numerator // denominator for numerator in exact]
    missing = whole - sum(shares)
    by_remainder = sorted(range(len(exact)), key=lambda i: (-(exact[i] % denominator), i))
    for i in by_remainder[:missing]:
        shares[i] += 1
    return shares


Expected = namedtuple("Expected", "outcome points lines version")


class Ledger:
    """What a sequence of purchases must come to: points, and what becomes of repeated, contradictory and old ones.

    A purchase is a dict with the contract's field names."""

    def __init__(self, programs, window_days=90):
        self.programs = sorted(programs, key=lambda program: (program.effective_from_ms, program.version))
        self.starts = [program.effective_from_ms for program in self.programs]
        self.window_ms = window_days * DAY_MS
        self.seen = {}
        self.newest = {}
        self.balance = {}
        self.accepted = {}

    def program_at(self, moment_ms):
        place = bisect.bisect_right(self.starts, moment_ms)
        return self.programs[place - 1] if place else None

    def take(self, purchase):
        member, when = purchase["member_id"], purchase["occurred_at_ms"]
        if when < self.newest.get(member, when) - self.window_ms:
            return Expected("too_old", 0, [], 0)
        name = (member, purchase["purchase_id"])
        if name in self.seen:
            content, expected = self.seen[name]
            return (
                expected._replace(outcome="duplicate")
                if content == purchase
                else Expected("id_reused", 0, [], 0)
            )
        program = self.program_at(when)
        if program is None:
            return Expected("no_program", 0, [], 0)
        if (purchase.get("currency") or "CNY") != program.currency:
            return Expected("currency_not_accepted", 0, [], 0)
        lines = [
            Line(line["line_id"], line.get("category", ""), line.get("brand", ""), line.get("paid_fen", 0))
            for line in purchase["lines"]
        ]
        payments = [(payment["method"], payment["amount_fen"]) for payment in purchase.get("payments", [])]
        shares = program.points(purchase["store_id"], purchase["channel"], when, lines, payments)
        expected = Expected("accepted", sum(shares), shares, program.version)
        self.seen[name] = (purchase, expected)
        self.newest[member] = max(when, self.newest.get(member, when))
        self.balance[member] = self.balance.get(member, 0) + expected.points
        self.accepted[name] = expected
        return expected


def load(path):
    return Program(pathlib.Path(path).read_text(encoding="utf-8"))
