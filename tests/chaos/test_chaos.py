"""Every kind of fault once, within three minutes, and afterwards every member is as the truth says."""

import pytest

import compare
from chaos import Run
from faults import KINDS, plan
from protos import points, projection

SEED, FAULT_S, RATE = 5, 70, 60


def test_the_plan_has_every_kind_of_fault():
    assert {one.kind.name for one in plan(SEED, FAULT_S)} == {kind.name for kind in KINDS}


def test_a_plan_is_the_same_again():
    assert plan(SEED, FAULT_S) == plan(SEED, FAULT_S) != plan(SEED + 1, FAULT_S)


class DoubtedRun(Run):
    """Whether the comparison would see a difference: afterwards some are made."""

    def check(self):
        super().check()
        self.make_differences()
        differences = compare.compare(self.truth, self.found, self.shop)
        unseen = [name for name in self.made if not differences[name]]
        assert not unseen, f"differences that are not seen: {unseen}"

    made = [
        "every purchase, its points and lines",
        "every acknowledged answer",
        "points in Redis",
        "number of entries",
        "tiers",
        "members opened",
        "coupons, budgets, redemptions",
        "every member's page",
        "mails",
        "huiyuanctl verify --deep",
    ]

    def make_differences(self):
        truth, system = self.truth, self.shop.system
        truth.answers[next(iter(truth.answers))] |= {"points": -1}
        (member, purchase_id) = next(iter(truth.accepted))
        del truth.ledger.accepted[member, purchase_id]
        truth.money_fen[member].append(10**9)
        truth.people.popitem()
        truth.redeemed.popitem()
        self.shop.mail.mails.append(self.shop.mail.mails[0])
        key = system.member_key(member)
        state = projection.MemberState.FromString(system.redis.get(key))
        balance = points.PointsState.FromString(state.state)
        balance.balance += 1
        state.state = balance.SerializeToString()
        system.redis.set(key, state.SerializeToString())


@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_counts_twice_whatever_breaks():
    run = DoubtedRun(SEED, FAULT_S, RATE)
    run.run()
    assert {one.planned.kind.name for one in run.injected} == {kind.name for kind in KINDS}
    for what in "purchases answered", "enrolments answered", "coupons redeemed", "questions asked again":
        assert run.truth.counts[what] > 10, run.truth.counts
