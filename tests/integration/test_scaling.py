"""Each service scales on its own: instances join, leave and are killed under load; nothing is lost, nothing counts twice,
and the pauses are short. A service needs nothing but its environment for that."""

import time
from collections import Counter
from itertools import pairwise

import pytest

from enrolment import Enrolments
from protos import campaigns, deliveries, members, tiers
from store import Stream
from system import SERVICES, built

pytestmark = pytest.mark.slow

JOIN_S, LEAVE_S, KILL_S = 2.0, 2.0, 10.0  # the broker's shortest session time-out is 6 s


class Purchases:
    """What accrual and tier live on."""

    upstream = {"accrual": [], "tier": ["member", "accrual"]}

    def __init__(self, system, service):
        self.service, self.system = service, system
        self.stream = Stream(system, a_second=400)
        self.counted = Counter()
        if service == "tier":
            system.log_of("tiers", self.keep_tier)

    def keep_tier(self, record):
        change = tiers.TierChange.FromString(record.body)
        if change.money_change_fen or change.growth_change:
            self.counted[record.member_id] += change.money_change_fen

    def check(self):
        self.system.check_against(self.stream.ledger.accepted)
        assert self.system.log.outcomes == {"OUTCOME_ACCEPTED": self.stream.published}
        if self.service == "tier":
            self.check_tier()

    def check_tier(self):
        """The money that every member spent, as accrual recorded it, has arrived once."""
        spent = {member: state.spend_fen for member, state in self.system.members(self.system.log.points).items()}
        assert +self.counted == +Counter(spent)


class Members:
    """What member, campaign and notification live on: people enrol."""

    upstream = {"member": [], "campaign": ["member"], "notification": ["member"]}
    seen = {
        "member": (members.MemberChange, {members.IDENTITY_TAKEN, members.ENROLLED}),
        "campaign": (campaigns.CampaignChange, {campaigns.MEMBER_SEEN}),
        "notification": (deliveries.DeliveryChange, {deliveries.CONTACT_SEEN}),
    }

    def __init__(self, system, service):
        self.service, self.system = service, system
        self.stream = Enrolments(system, a_second=200)
        self.counted = Counter()
        self.message, self.kinds = self.seen[service]
        system.log_of(SERVICES[service], self.keep)

    def keep(self, record):
        if self.message.FromString(record.body).kind in self.kinds:
            self.counted[record.member_id] += 1

    def check(self):
        """Every member was seen once; and so was every identity, where identities are."""
        wanted = set(self.stream.members)
        if self.service == "member":
            wanted |= set(self.stream.members.values())
        assert self.counted == Counter(wanted)
        self.system.verify()


def load_of(service):
    return Purchases if service in Purchases.upstream else Members


def longest_pause(system, log, begin_ms, end_ms):
    """Between two blocks of one partition, in seconds; the load has something for each of them all the time."""
    pauses = [0]
    for partition in system.log_of(log).read().partitions:
        pauses += [after - before for before, after in pairwise(partition.block_times) if after > begin_ms and before < end_ms]
    return max(pauses) / 1000


def now_ms():
    return int(time.time() * 1000)


@pytest.mark.parametrize("service", SERVICES)
def test_instances_join_leave_and_die_and_nobody_notices(fresh, service, capsys):
    missing = [name for name in [service, *load_of(service).upstream[service]] if not built(name)]
    assert not missing, f"not in the build: {missing}"
    log = SERVICES[service]
    for name in load_of(service).upstream[service]:
        fresh.start_service(name).wait_ready()
    load = load_of(service)(fresh, service)
    a, b = (fresh.start_service(service, f"{service}-{name}") for name in "ab")
    for instance in a, b:
        instance.wait_ready()
    third = f"{service}-c"
    pauses = {}

    def measured(what, change, owners, settle_s=1.0):
        begin = now_ms()
        change()
        fresh.wait_owners(log, owners, 30)
        time.sleep(settle_s)
        pauses[what] = longest_pause(fresh, log, begin, now_ms())

    with load.stream:
        fresh.wait_owners(log, [a.name, b.name])
        time.sleep(1.5)
        measured("nothing", lambda: None, [a.name, b.name])
        measured("join", lambda: fresh.start_service(service, third).wait_ready(), [a.name, b.name, third])
        measured("leave", a.stop, [b.name, third])
        measured("kill -9", b.kill, [third], 1.5)
    fresh.settle()
    load.check()
    with capsys.disabled():
        words = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in pauses.items())
        print(f"\n  {service}: longest pauses of a partition: {words}")
    assert pauses["join"] <= JOIN_S and pauses["leave"] <= LEAVE_S and pauses["kill -9"] <= KILL_S, pauses
    assert set(fresh.log_of(log).outcomes) - {"OUTCOME_REPEATED"} == {"OUTCOME_ACCEPTED"}
    assert fresh.dead_letters() == {}
