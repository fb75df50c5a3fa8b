"""What was published and what was acknowledged, kept by those who did it; nothing of it comes from the services' own logs."""

import threading
import time
from collections import Counter, defaultdict

import oracle
from network import HERE


class Truth:
    def __init__(self):
        self.lock = threading.Lock()
        self.ledger = oracle.Ledger([oracle.load(HERE / "program.yaml")])
        self.money_fen = defaultdict(list)  # member: of each purchase
        self.answers = {}  # (member, purchase id): the JSON of 201
        self.people = {}  # member id: what was said when they enrolled
        self.erased = set()
        self.redeemed = {}  # code: the JSON of 200
        self.owners = {}  # code: member id
        self.conflicts = 0  # purchases with an id that other content had
        self.misrouted = 0  # messages to another partition than the member's
        self.counts = Counter()
        self.answered_at = []  # wall clock, of every final answer

    def bought(self, purchase):
        """Before it is published for the first time."""
        with self.lock:
            assert self.ledger.take(purchase).outcome == "accepted"
            self.money_fen[purchase["member_id"]].append(sum(line["paid_fen"] for line in purchase["lines"]))

    def answered(self, what):
        with self.lock:
            self.counts[what] += 1
            self.answered_at.append(time.time())

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    @property
    def accepted(self):
        return self.ledger.accepted

    def members(self):
        return set(self.people) | set(self.money_fen)
