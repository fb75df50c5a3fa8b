"""Some tills of a shop: each sells something, asks for the points, and sells on; for the demonstration.

    tills.py URL KEY SECONDS OCCURRED_AT     prints what the cashiers saw, as shell variables
"""

import itertools
import sys
import threading
import time

import requests

TILLS = 8
PAUSE_S = 0.15


def purchase(number, name, occurred_at):
    line = {"line_id": "1", "sku": "tea", "category": "GROCERY", "quantity": 1, "paid_fen": 1000 + number % 7 * 100}
    return {
        "purchase_id": f"{name}-{number}", "member_id": f"till-visitor-{number % 40}", "store_id": "406", "channel": "STORE",
        "occurred_at": occurred_at, "lines": [line],
    }  # fmt: skip


class Tills:
    def __init__(self, url, key, occurred_at):
        self.url, self.occurred_at = f"{url}/v1/purchases", occurred_at
        self.headers = {"Authorization": f"Bearer {key}", "Prefer": "wait=15"}
        self.name = f"till-{time.time_ns()}"
        self.numbers = itertools.count(1)
        self.answers = {}
        self.failed = 0
        self.longest_s = 0.0

    def ask(self, session, number):
        body = purchase(number, self.name, self.occurred_at)
        return session.post(self.url, json=body, headers=self.headers, timeout=20)

    def sell(self, until):
        session = requests.Session()
        while time.monotonic() < until:
            number = next(self.numbers)
            begin = time.monotonic()
            answer = self.ask(session, number)
            self.longest_s = max(self.longest_s, time.monotonic() - begin)
            self.failed += answer.status_code != 201
            self.answers[number] = answer.text
            time.sleep(PAUSE_S)

    def ask_again(self):
        """How many of all purchases are answered otherwise when they are sent once more."""
        session = requests.Session()
        return sum(self.ask(session, number).text != before for number, before in self.answers.items())


def main(url, key, seconds, occurred_at):
    tills = Tills(url, key, occurred_at)
    until = time.monotonic() + float(seconds)
    threads = [threading.Thread(target=tills.sell, args=(until,)) for _ in range(TILLS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"sold={len(tills.answers)} failed={tills.failed} longest={tills.longest_s:.1f} changed={tills.ask_again()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
