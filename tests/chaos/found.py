"""Everything that the services wrote, read by the second reader; and what has still to happen before all is at rest."""

from collections import Counter, defaultdict

from protos import campaigns, common, deliveries, members, points, tiers
from reader import PointsLog
from shop import BIRTHDAYS
from stable_hash import bucket


class AnswersLog(PointsLog):
    """Keeps also what the log says that was answered, by the name of the entry, and counts what became of inputs."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.said = {}  # (member, purchase id): as the gateway words it
        self.places = Counter()
        self.entries = Counter()  # member: records that changed it
        self.tiers_taken = Counter()
        self.from_topics = Counter()  # partition: records of purchases

    def keep(self, partition, record):
        index = self.places[partition.number, partition.last]
        self.places[partition.number, partition.last] += 1
        super().keep(partition, record)
        if record.entry:
            self.entries[record.member_id] += 1
            assert record.entry == self.entries[record.member_id], f"{record.member_id}: entry {record.entry}"
        if record.outcome == common.OUTCOME_ACCEPTED and record.input_id and record.answer:
            answer = points.PointsAnswer.FromString(record.answer)
            self.said[record.member_id, record.input_id] = {
                "purchase_id": answer.purchase_id,
                "member_id": answer.member_id,
                "entry": f"{partition.number}-{partition.last}-{index}",
                "points": answer.points,
                "balance": answer.balance,
                "lines": [{"line_id": line.line_id, "points": line.points} for line in answer.lines],
            }

    def keep_points(self, record):
        super().keep_points(record)
        if points.PointsChange.FromString(record.body).type == points.TIER_TAKEN:
            self.tiers_taken[record.member_id] += 1


class Found:
    """Everything in the logs, followed from their beginning."""

    def __init__(self, system):
        self.system = system
        self.points = system.logs["points"] = AnswersLog(
            system.backend.brokers, system.topic("points"), system.partitions
        )
        self.tiers = defaultdict(list)  # member: changes
        self.members = Counter()  # member: openings
        self.campaigns = defaultdict(list)  # kind: (key, change)
        self.deliveries = defaultdict(list)  # delivery id: kinds of its changes, in order
        self.addressees = {}  # delivery id: member
        system.log_of("tiers", self.keep_tier)
        system.log_of("members", self.keep_member)
        system.log_of("campaigns", self.keep_campaign)
        system.log_of("deliveries", self.keep_delivery)

    def keep_tier(self, record):
        self.tiers[record.member_id].append(tiers.TierChange.FromString(record.body))

    def keep_member(self, record):
        if members.MemberChange.FromString(record.body).kind == members.ENROLLED:
            self.members[record.member_id] += 1

    def keep_campaign(self, record):
        change = campaigns.CampaignChange.FromString(record.body)
        self.campaigns[campaigns.CampaignChangeKind.Name(change.kind)].append((record.member_id, change))

    def keep_delivery(self, record):
        change = deliveries.DeliveryChange.FromString(record.body)
        if change.delivery_id:
            self.deliveries[change.delivery_id].append(deliveries.DeliveryChangeKind.Name(change.kind))
            self.addressees[change.delivery_id] = record.member_id

    def read(self):
        for log in self.system.logs.values():
            log.read()
        return self


FINAL = {"SENT", "GIVEN_UP", "SUPPRESSED", "UNCERTAIN"}


def turns(truth):
    """campaign: who must have had a turn in it, and not in the control group."""
    return {
        name: {member for member in truth.people if bucket(name, member) >= campaign["control_share"] * 100}
        for name, campaign in BIRTHDAYS.items()
    }


def late(truth, found):
    """What has still to happen before anything is compared; empty when all is at rest."""
    texts = found.system.behind()
    found.read()
    settled = {name: set() for name in BIRTHDAYS}
    for kind in "COUPON_ISSUED", "COUPON_DENIED":
        for member, change in found.campaigns[kind]:
            settled[change.campaign_id].add(member)
    for name, wanted in turns(truth).items():
        if missing := wanted - settled[name]:
            texts.append(f"{len(missing)} members wait for campaign {name}: {sorted(missing)[:3]}")
    waiting = [
        name
        for name, kinds in found.deliveries.items()
        if found.addressees[name] in truth.people and not FINAL & set(kinds)
    ]
    if waiting:
        texts.append(f"{len(waiting)} deliveries wait: {[(name, found.deliveries[name]) for name in waiting[:3]]}")
    return texts
