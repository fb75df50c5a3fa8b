"""Who uses the shop: a store system that publishes purchases to Kafka, and tills that ask the gateway until they are answered."""

import concurrent.futures
import itertools
import json
import random
import threading
import time
import traceback

import requests

from campaigns_client import birthday
from partitioner import partition_of
from store import Store, encode, line, purchase

PATIENCE_S = 120  # longer than any outage: who is not answered by then is not answered
REGULARS = 300


def now_ms():
    return int(time.time() * 1000)


def lines_of(chance):
    return [
        line(
            number + 1,
            chance.randint(0, 4000),
            category=chance.choice(["PRODUCE", "MEAT", "GROCERY", ""]),
            brand=chance.choice(["National", "Private"]),
        )
        for number in range(chance.randint(1, 4))
    ]


class Worker:
    """A thread that does one thing after the other until told to stop; an exception ends the run."""

    def __init__(self, name, truth, seed):
        self.truth, self.chance = truth, random.Random(f"{seed}/{name}")
        self.leaving = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def run(self):
        try:
            while not self.leaving.is_set():
                self.act()
            self.finish()
        except Exception as error:
            self.error = f"{self.thread.name}: {error!r}\n{traceback.format_exc()}"

    def finish(self):
        pass

    def join(self, seconds):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"{self.thread.name} does not end within {seconds} s"


class StoreSystem(Worker):
    """Purchases straight into Kafka: by two partitioners, repeated, into wrong partitions, with ids used twice."""

    TURNS_A_SECOND = 20

    def __init__(self, shop, truth, seed, a_second):
        super().__init__("store", truth, seed)
        self.a_second = a_second
        topic = shop.system.topic("purchases")
        self.partitions = shop.system.partitions
        self.stores = [
            Store(shop.backend.brokers, topic, partitioner, log_level=2)
            for partitioner in ("murmur2_random", "consistent_random")
        ]
        self.older = []
        self.number = 0

    def act(self):
        begin = time.monotonic()
        for _ in range(max(1, self.a_second // self.TURNS_A_SECOND)):
            self.publish_one()
        self.leaving.wait(max(0, 1 / self.TURNS_A_SECOND - (time.monotonic() - begin)))

    def new_purchase(self):
        self.number += 1
        with self.truth.lock:
            enrolled = list(self.truth.people)[-200:] if self.number % 5 == 0 else []
        member_id = self.chance.choice(enrolled or [f"regular-{self.chance.randrange(REGULARS)}"])
        made = purchase(member_id, f"k-{self.number}", now_ms(), lines_of(self.chance))
        self.truth.bought(made)
        return made

    def publish_one(self):
        dice = self.chance.random()
        if dice < 0.05 and self.older:
            self.truth.count("purchases repeated in Kafka")
            self.send(self.chance.choice(self.older))
        elif dice < 0.06 and self.older:
            self.contradict()
        else:
            made = self.new_purchase()
            self.truth.count("purchases in Kafka")
            self.send(made)
            self.older = self.older[-2000:] + [made]

    def send(self, made):
        """By one of three ways, whatever the first one was."""
        way = self.chance.random()
        key, value = made["member_id"].encode(), encode(made)
        right = partition_of(made["member_id"], self.partitions)
        if way < 0.1:
            wrong = (right + self.chance.randrange(1, self.partitions)) % self.partitions
            self.truth.count("purchases sent to a wrong partition")
            self.stores[0].send(key, value, partition=wrong)
        else:
            crc32 = way < 0.4
            if crc32:
                self.truth.count("purchases by the CRC32 partitioner")
            self.stores[crc32].send(key, value)

    def contradict(self):
        """The first goes the same way before it, so there is no doubt which of the two is the first."""
        made = self.new_purchase()
        self.truth.count("purchases in Kafka")
        self.truth.count("purchase ids used twice")
        self.truth.conflicts += 1
        for content in (made, made | {"store_id": "S2"}):
            self.stores[0].send(made["member_id"].encode(), encode(content))

    def finish(self):
        for store in self.stores:
            store.flush(PATIENCE_S)


class Till(Worker):
    """Asks again and again, by either gateway, until it knows."""

    numbers = itertools.count(1)

    def __init__(self, shop, truth, seed, number, rival=True):
        super().__init__(f"till-{number}", truth, seed)
        self.shop, self.number = shop, number
        self.rival = Till(shop, truth, seed, f"{number}r", False) if rival else None
        self.session = requests.Session()
        self.made = 0
        self.mine = []  # members enrolled here whose coupons are not seen yet
        self.open = []  # coupons: (member, code)
        self.earlier = []  # what was answered with 201: (path, body, headers, answer)

    def act(self):
        self.leaving.wait(self.chance.uniform(0, 0.2))
        dice = self.chance.random()
        if dice < 0.55:
            self.sell()
        elif dice < 0.7:
            self.enrol()
        elif dice < 0.8 and self.earlier:
            self.ask_again()
        elif dice < 0.9 and self.mine:
            self.look()
        elif self.open:
            self.redeem()

    # ---- one question

    def ask(self, method, path, body=None, headers=None, retry=()):
        """The first answer that is one, whatever it says: not 202, 429, 503, no connection, nor `retry`."""
        deadline = time.monotonic() + PATIENCE_S
        seen = []
        while True:
            assert time.monotonic() < deadline, f"{method} {path} {body}: no answer in {PATIENCE_S} s: {seen[-5:]}"
            try:
                url = self.chance.choice(self.shop.gateway_urls) + path
                answer = self.session.request(method, url, json=body, headers=headers, timeout=8)
            except requests.RequestException as error:
                seen.append(repr(error)[:200])
                self.pause("tries without an answer")
                continue
            if answer.status_code == 202 and self.chance.random() < 0.5:
                answer = self.poll(answer.headers["Location"]) or answer
            if answer.status_code not in (202, 429, 503) and answer.status_code not in retry:
                return answer
            seen.append(f"{answer.status_code} {answer.text[:200]}")
            self.pause(f"tries answered {answer.status_code}")

    def pause(self, why):
        self.truth.count(why)
        time.sleep(self.chance.uniform(0.05, 0.4))

    def poll(self, location):
        """The outcome where 202 said that it would be; None: not yet."""
        self.truth.count("polls")
        try:
            found = self.session.get(self.chance.choice(self.shop.gateway_urls) + location, timeout=8)
        except requests.RequestException:
            return None
        return found if found.status_code in (200, 201) and found.json().get("status") != "pending" else None

    # ---- what tills do

    def sell(self):
        self.made += 1
        with self.truth.lock:
            enrolled = list(self.truth.people)
        member_id = self.chance.choice(enrolled) if enrolled and self.chance.random() < 0.7 else f"guest-{self.number}"
        body = purchase(member_id, f"{self.thread.name}-{self.made}", now_ms(), lines_of(self.chance))
        self.truth.bought(body)
        answer = self.ask("POST", "/v1/purchases", body)
        said = answer.json()
        assert answer.status_code in (200, 201) and said["purchase_id"] == body["purchase_id"], f"{body}: {answer.text}"
        with self.truth.lock:
            self.truth.answers[member_id, body["purchase_id"]] = said
        self.truth.answered("purchases answered")
        self.earlier.append(("/v1/purchases", body, None, said))

    def enrol(self):
        phone = f"+86139{next(self.numbers):08}"
        when = birthday(self.chance.randrange(5))  # month × 100 + day
        person = {
            "phone": phone,
            "name": f"王{next(self.numbers)}",
            "birthday": f"2000-{when // 100:02}-{when % 100:02}",
            "email": f"p{phone[1:]}@mail.example",
            "consents": {"email": True},
        }
        headers = {"Idempotency-Key": f"enrol-{phone[1:]}"}
        answer = self.ask("POST", "/v1/members", person, headers)
        said = answer.json()
        assert answer.status_code in (200, 201) and said["created"], f"{person}: {answer.status_code} {answer.text}"
        with self.truth.lock:
            assert said["member_id"] not in self.truth.people
            self.truth.people[said["member_id"]] = person
        self.truth.answered("enrolments answered")
        self.mine.append(said["member_id"])
        self.earlier.append(("/v1/members", person, headers, said))

    def ask_again(self):
        """What was answered once is answered the same."""
        path, body, headers, said = self.chance.choice(self.earlier)
        answer = self.ask("POST", path, body, headers)
        if path == "/v1/purchases":
            same = answer.status_code in (200, 201) and answer.json() == said
        else:
            same = answer.status_code in (200, 201) and answer.json()["member_id"] == said["member_id"]
        assert same, f"{path} {body} was answered {json.dumps(said)}, and then {answer.status_code} {answer.text}"
        self.truth.answered("questions asked again")

    def look(self):
        member_id = self.mine.pop(0)
        page = self.ask("GET", f"/v1/members/{member_id}", retry=(404,)).json()
        self.truth.answered("pages read")
        found = [coupon["code"] for coupon in page.get("coupons", []) if coupon["status"] == "open"]
        self.open += [(member_id, code) for code in found]
        if not found and self.chance.random() < 0.7:
            self.mine.append(member_id)

    def redeem(self):
        """Half of the time another till wants the same coupon at the same moment."""
        member_id, code = self.open.pop(self.chance.randrange(len(self.open)))
        path = f"/v1/coupons/{code}/redeem"
        tills = [self, self.rival] if self.rival and self.chance.random() < 0.5 else [self]
        wishes = [{"store_id": f"S{till.number}", "redemption_id": f"r-{till.number}-{code}"} for till in tills]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(till.ask, "POST", path, wish, retry=(404,)) for till, wish in zip(tills, wishes)]
            answers = [one.result() for one in asked]
        won = [(wish, answer.json()) for wish, answer in zip(wishes, answers) if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code != 200]
        said = [answer.text for answer in answers]
        assert len(won) == 1 and all(answer.json()["code"] == "coupon_redeemed" for answer in lost), f"{path}: {said}"
        ((wish, coupon),) = won
        assert coupon["store_id"] == wish["store_id"], f"{path} {wish}: {coupon}"
        with self.truth.lock:
            assert code not in self.truth.redeemed
            self.truth.redeemed[code], self.truth.owners[code] = coupon, member_id
        self.truth.answered("coupons redeemed")
        again = self.ask("POST", path, wish)
        assert again.status_code == 200 and again.json() == coupon, f"{path}: {coupon}, and then {again.text}"
