"""Which tier the purchases of a member come to, a second time: from product.md B2 and programs/tiers.yaml alone."""

import datetime
import zoneinfo
from collections import namedtuple

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
TIERS = ["ordinary", "silver", "gold", "diamond"]
MULTIPLIER = {"ordinary": 100, "silver": 120, "gold": 150, "diamond": 200}
DISCOUNT = {"ordinary": 0, "silver": 90, "gold": 85, "diamond": 80}

Bought = namedtuple("Bought", "at_ms money_fen")


def date_of(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, ZONE).date()


def start_ms(date):
    return int(datetime.datetime.combine(date, datetime.time(), ZONE).timestamp() * 1000)


def months_later(date, months):
    month = date.year * 12 + date.month - 1 + months
    last = (datetime.date((month + 1) // 12, (month + 1) % 12 + 1, 1) - datetime.timedelta(1)).day
    return datetime.date(month // 12, month % 12 + 1, min(date.day, last))


class Ladder:
    """A member; purchases are given in the order of their times."""

    def __init__(self):
        self.bought = []
        self.tier, self.growth, self.since_ms = "ordinary", 0, 0

    def spend(self, date):
        return sum(
            purchase.money_fen
            for purchase in self.bought
            if date < months_later(date_of(purchase.at_ms), 12)
        )

    def carried(self, date):
        if self.spend(date) > 1_000_000:
            return "diamond"
        return "gold" if self.growth > 5000 else "silver" if self.growth > 1000 else "ordinary"

    def set(self, tier, since_ms):
        if tier != self.tier:
            self.tier, self.since_ms = tier, since_ms

    def pass_time(self, until_ms):
        """Day by day from the latest purchase on."""
        if not self.bought:
            return
        last = date_of(self.bought[-1].at_ms)
        lapse = months_later(last, 6) + datetime.timedelta(1)
        for number in range((date_of(until_ms) - last).days):
            date = last + datetime.timedelta(number + 1)
            if self.tier == "ordinary":
                return
            if date == lapse:
                self.set("ordinary", start_ms(date))
                self.growth = 0
            elif self.tier == "diamond" and self.spend(date) <= 1_000_000:
                self.set(self.carried(date), start_ms(date))

    def at(self, at_ms):
        """As it stands then."""
        copy = Ladder()
        copy.bought, copy.tier, copy.growth, copy.since_ms = self.bought, self.tier, self.growth, self.since_ms
        copy.pass_time(at_ms)
        return copy

    def buy(self, at_ms, money_fen):
        self.pass_time(at_ms)
        self.bought.append(Bought(at_ms, money_fen))
        self.growth += money_fen // 100
        carried = self.carried(date_of(at_ms))
        if TIERS.index(carried) > TIERS.index(self.tier):
            self.set(carried, at_ms)
