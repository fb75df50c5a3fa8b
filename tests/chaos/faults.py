"""What breaks, when, and for how long: all of it drawn from the seed before the run begins."""

import itertools
import random
import signal
import threading
import time
import traceback
from collections import namedtuple

from network import NETWORKS
from shop import GATEWAYS, INSTANCES
from system import SERVICES

SESSION_S = 6

Kind = namedtuple("Kind", "name targets holds shortest_s longest_s act")


class Planned(namedtuple("Planned", "at_s kind target seconds")):
    @property
    def names(self):
        """Of what it has for itself while it lasts."""
        return self.kind.holds(self.target)


# ---- instances: `pause` waits as long as the fault is to last, or until the run ends


def kill(shop, name, pause):
    shop.take(name).kill()
    pause()
    shop.instances[name].start()
    shop.give_back(name)


def freeze(shop, name, pause):
    shop.instances[name].freeze()
    pause()
    shop.instances[name].thaw()


def drain(shop, name, pause):
    shop.drain(name)
    pause()
    shop.instances[name].start()
    shop.give_back(name)


def scale(shop, service, pause):
    """2 → 3 → 1 → 2 instances."""
    third, pair = f"{service}-c", [f"{service}-{network}" for network in NETWORKS]
    shop.launch(third)
    pause()
    for name in pair:
        shop.drain(name)
    pause()
    for name in pair:
        shop.instances[name].start()
        shop.give_back(name)
    pause()
    shop.drain(third)
    shop.give_back(third)


# ---- links between a network and a server


def link(mode, *delay_ms):
    def act(shop, name, pause):
        shop.backend.link(name, mode, *delay_ms)
        pause()
        shop.backend.link(name, "open")

    return act


# ---- servers


def kill_redis(shop, _, pause):
    shop.backend.kill_redis()
    pause()
    shop.backend.start_redis()


def age_redis(shop, _, pause):
    """Comes back as it was before."""
    snapshot = shop.backend.save_snapshot()
    pause()
    shop.backend.restart_redis_from(snapshot)
    snapshot.unlink()


def flush_redis(shop, _, pause):
    shop.backend.redis.flushall()
    pause()


def fill_redis(shop, _, pause):
    """Every write is refused, as Redis does when its memory is full."""
    shop.backend.redis.config_set("maxmemory", "1")
    pause()
    shop.backend.redis.config_set("maxmemory", "0")


def redis_cannot_save(shop, _, pause):
    """No snapshot can be written, as on a full disk, and Redis is set to refuse writes then, as it is by default."""
    redis, snapshot = shop.backend.redis, shop.backend.snapshot
    kept = snapshot.with_suffix(".kept")
    redis.config_set("stop-writes-on-bgsave-error", "yes")
    if snapshot.exists():
        snapshot.rename(kept)
    snapshot.mkdir()  # a folder in its place: the finished file cannot take it
    bgsave(redis)
    pause()
    snapshot.rmdir()
    if kept.exists():
        kept.rename(snapshot)
    bgsave(redis)
    redis.config_set("stop-writes-on-bgsave-error", "no")


def bgsave(redis):
    """Tries to save, and waits until that has ended, well or not."""
    deadline = time.monotonic() + 30
    while redis.info("persistence")["rdb_bgsave_in_progress"] and time.monotonic() < deadline:
        time.sleep(0.05)
    redis.bgsave()
    while redis.info("persistence")["rdb_bgsave_in_progress"] and time.monotonic() < deadline:
        time.sleep(0.05)


def kill_kafka(shop, _, pause):
    shop.backend.kill_kafka()
    pause()
    shop.backend.start_kafka()


def freeze_server(shop, name, pause):
    shop.backend.signal(name, signal.SIGSTOP)
    pause()
    shop.backend.signal(name, signal.SIGCONT)


def mail(mood):
    def act(shop, _, pause):
        shop.mail.mood = mood
        pause()
        shop.mail.mood = "takes"

    return act


PROCESSES = INSTANCES + GATEWAYS
KAFKA_LINKS = [f"kafka-{network}" for network in NETWORKS]
REDIS_LINKS = [f"redis-{network}" for network in NETWORKS]


def itself(target):
    return {target}


def all_of(service):
    return {"scale", *(f"{service}-{network}" for network in NETWORKS)}


KINDS = [
    Kind("kill -9", PROCESSES, itself, 0.1, 6, kill),
    Kind("SIGSTOP, short", PROCESSES, itself, 0.2, 3, freeze),
    Kind("SIGSTOP, a zombie wakes up", INSTANCES, itself, SESSION_S + 2, SESSION_S + 5, freeze),
    Kind("SIGTERM drain", PROCESSES, itself, 0.1, 4, drain),
    Kind("scale 2-3-1-2", list(SERVICES), all_of, 2, 4, scale),
    Kind("link to Kafka cut", KAFKA_LINKS, itself, 0.2, 8, link("cut")),
    Kind("link to Kafka stalled", KAFKA_LINKS, itself, 1, SESSION_S + 5, link("stall")),
    Kind("link to Kafka loses answers", KAFKA_LINKS, itself, 1, 8, link("deaf")),
    Kind("link to Kafka slow", KAFKA_LINKS, itself, 3, 8, link("slow", 60)),
    Kind("link to Redis cut", REDIS_LINKS, itself, 0.2, 8, link("cut")),
    Kind("link to Redis stalled", REDIS_LINKS, itself, 1, 8, link("stall")),
    Kind("link to Redis loses answers", REDIS_LINKS, itself, 1, 8, link("deaf")),
    Kind("link to Redis slow", REDIS_LINKS, itself, 3, 8, link("slow", 40)),
    Kind("Redis killed", ["redis"], itself, 0.1, 4, kill_redis),
    Kind("Redis killed, back with an older file", ["redis"], itself, 1, 6, age_redis),
    Kind("Redis flushed", ["redis"], itself, 0.1, 1, flush_redis),
    Kind("Redis full: writes refused", ["redis"], itself, 1, 5, fill_redis),
    Kind("Redis cannot save: writes refused", ["redis"], itself, 1, 4, redis_cannot_save),
    Kind("Redis stopped (SIGSTOP)", ["redis"], itself, 0.5, 4, freeze_server),
    Kind("Kafka killed", ["kafka"], itself, 0.1, 3, kill_kafka),
    Kind("Kafka stopped (SIGSTOP)", ["kafka"], itself, 0.5, 5, freeze_server),
    Kind("mail server refuses", ["mail"], itself, 2, 6, mail("refuses")),
    Kind("mail server falls silent", ["mail"], itself, 2, 6, mail("silent")),
]


def lasts_s(kind, seconds):
    """About, with all its steps."""
    return seconds * (3 if kind.act is scale else 1) + 4


def plan(seed, seconds):
    """Bags of all kinds, one after the other, each in a new order; one server, link or instance has one fault at a time.

    The first bag is always whole: then faults follow each other as closely as it takes."""
    chance = random.Random(f"{seed}/faults")
    planned, free_from = [], {}
    gap_s = min(4.0, seconds / (len(KINDS) + 1))
    now_s = 0.0
    for bag in itertools.count():
        kinds = chance.sample(KINDS, len(KINDS))
        for kind in kinds:
            target = chance.choice(kind.targets)
            lasting_s = round(chance.uniform(kind.shortest_s, kind.longest_s), 2)
            now_s += chance.uniform(0.5, 1.5) * gap_s
            at_s = max([now_s, *(free_from.get(name, 0) for name in kind.holds(target))])
            if bag and at_s > seconds:
                return sorted(planned, key=lambda one: one.at_s)
            planned.append(Planned(round(at_s, 2), kind, target, lasting_s))
            for name in kind.holds(target):
                free_from[name] = at_s + lasts_s(kind, lasting_s)


class Injected:
    """One fault under way, in a thread of its own."""

    def __init__(self, shop, planned, ending):
        self.shop, self.planned, self.ending = shop, planned, ending
        self.began = self.healed = None  # wall clock
        self.error = None
        self.thread = threading.Thread(target=self.run, name=planned.kind.name, daemon=True)
        self.thread.start()

    def __str__(self):
        return f"{self.planned.kind.name}: {self.planned.target} for {self.planned.seconds} s"

    def run(self):
        self.began = time.time()
        try:
            self.planned.kind.act(self.shop, self.planned.target, lambda: self.ending.wait(self.planned.seconds))
        except Exception as error:
            self.error = f"{self}: {error!r}\n{traceback.format_exc()}"
        self.healed = time.time()
