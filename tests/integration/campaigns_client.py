"""Campaigns as marketing publishes them, members with birthdays near today, tills that redeem; and what came of it."""

import datetime
import secrets
from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

from backend import wait_until
from members_client import Members, new_identity, new_member_id, sealed
from protos import campaigns, commands, common, members, projection

ZONE = ZoneInfo("Asia/Shanghai")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def day(offset=0):
    """A day by the program's clocks, counted from today."""
    return (datetime.datetime.now(ZONE) + datetime.timedelta(days=offset)).date()


def birthday(offset):
    """Month × 100 + day, so many days from today."""
    date = day(offset)
    return date.month * 100 + date.day


BIRTHDAY = {
    "id": "birthday", "version": 1, "kind": "birthday", "effective_from": "2020-01-01", "message": "birthday", "hour": 0,
    "days_before": 7, "budget": 1000, "control_share": 0,
}  # fmt: skip
COUPON = {"name_zh": "生日券", "name_en": "Birthday coupon", "value": "20.00", "minimum_spend": "100.00", "valid_days": 30}
MEMBER_DAY = {
    "id": "member-day", "version": 1, "kind": "member-day", "effective_from": "2020-01-01", "message": "member-day",
    "hour": 0, "multiplier": "2.00", "control_share": 0,
}  # fmt: skip


def yaml_of(fields, coupon=None):
    lines = [f"{key}: {value}" for key, value in fields.items()]
    if fields["kind"] == "birthday":
        lines += ["coupon:", *(f"  {key}: {value}" for key, value in (COUPON | (coupon or {})).items())]
    return "\n".join(lines) + "\n"


class Campaigns:
    """Drives a system with member and campaign, and keeps every record of the log `campaigns`."""

    def __init__(self, system):
        self.system = system
        self.desk = Members(system)
        self.changes = defaultdict(list)  # kind: (key, change), in the order of the log of each partition
        self.log = system.log_of("campaigns", self.keep)

    def keep(self, record):
        change = campaigns.CampaignChange.FromString(record.body)
        self.changes[campaigns.CampaignChangeKind.Name(change.kind)].append((record.member_id, change))

    def read(self):
        self.log.read()
        return self.changes

    def count(self, kind):
        return len(self.read()[kind])

    def write(self, fields, coupon=None):
        path = self.system.folder / f"{self.system.name}-{fields['id']}-{fields['version']}.yaml"
        path.write_text(yaml_of(fields, coupon), encoding="utf-8")
        return path

    def publish(self, fields, coupon=None, check=True):
        return self.system.ctl("campaign", "publish", self.write(fields, coupon), check=check)

    # ---- members

    def enrol(self, *birthdays):
        """New members with these birthdays; returns their ids. Does not wait."""
        ids = []
        for date in birthdays:
            member_id = new_member_id()
            profile = commands.OpenMember(personal=sealed(), birthday=date, language=members.ZH)
            body = commands.EnrolMember(member_id=member_id, profile=profile)
            self.desk.command(new_identity(), enrol_member=body)
            ids.append(member_id)
        self.desk.flush()
        return ids

    def state(self, key):
        return self.system.member_state(key, "campaigns", campaigns.CampaignState)

    def wait_state(self, key, check, seconds=30):
        def look():
            state = self.state(key)
            return state if state is not None and check(state) else None

        return wait_until(look, lambda: f"{key} is {self.state(key)}", seconds)

    def coupon_of(self, member_id, seconds=30):
        return self.wait_state(member_id, lambda state: state.coupons, seconds).coupons[0]

    # ---- tills

    def redeem(self, code, redemption_id=None, command_id=None, store_id="S1"):
        """Asks; returns the handle."""
        key = f"coupon/{code}"
        handle = command_id or f"{self.system.partition_of(key)}-{secrets.token_hex(8)}"
        body = commands.RedeemCoupon(store_id=store_id, redemption_id=redemption_id or secrets.token_hex(8))
        command = commands.Command(
            to="campaigns", command_id=handle, member_id=key, issued_at_ms=self.now_ms(), redeem_coupon=body
        )
        self.desk.produce("commands", key, command.SerializeToString())
        return handle

    @staticmethod
    def now_ms():
        return int(datetime.datetime.now().timestamp() * 1000)

    def find_answer(self, handle):
        value = self.system.redis.get(f"{self.system.redis_prefix}{{{handle.split('-')[0]}}}:campaigns:a:{handle}")
        return projection.Answer.FromString(value) if value else None

    def answer(self, handle):
        """(outcome, code, CouponAnswer), once it is there."""
        self.desk.flush()
        found = wait_until(lambda: self.find_answer(handle), f"an answer to {handle}", 30)
        outcome = common.Outcome.Name(found.outcome).removeprefix("OUTCOME_")
        return outcome, found.code, campaigns.CouponAnswer.FromString(found.body)

    # ---- invariants, from the log alone

    def check(self, budgets):
        """No budget exceeded, no coupon issued, opened or redeemed twice, nobody twice on one occasion.

        `budgets`: campaign → what the file says."""
        changes = self.read()
        reserved = Counter(key for key, _ in changes["BUDGET_RESERVED"])
        assert all(count <= budgets[key.removeprefix("budget/")] for key, count in reserved.items())
        issued = Counter(change.coupon.code for _, change in changes["COUPON_ISSUED"])
        opened = Counter(change.coupon.code for _, change in changes["COUPON_OPENED"])
        assert issued == opened and set(issued.values()) <= {1}
        assert sum(issued.values()) == sum(reserved.values())
        assert max(Counter(key for key, _ in changes["COUPON_USED_UP"]).values(), default=1) == 1
        turns = Counter(
            (key, change.campaign_id, change.occasion) for kind in ("ENTERED", "HELD_OUT") for key, change in changes[kind]
        )
        assert max(turns.values(), default=1) == 1
