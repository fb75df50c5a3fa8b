"""`bench soak`: a long time at a part of the best rate, with a kill -9 of the service every minute. Memory must stay flat, nothing may be left over."""

import contextlib
import json
import pathlib
import shutil
import signal
import time

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

import contestants
import loads
import machine
import measure
from results import keep
from system import say, wait_until

MEMBERS = 100_000
SHARE = 0.6
PROBE = 3_000_000
KEPT_MS = 300_000  # of the purchases, as a system would keep them for some days
FREE_SHARE = 0.8  # of the disk and of the memory that are free
LINGER_MS = 5
SAMPLES = 400  # of the whole run, but not more than one a second
QUIET_S = 120


def options(parser):
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, help="purchases a second; default: 60 %% of the best, if disk and memory have room for it")
    parser.add_argument("--kill-every", type=float, default=60, help="seconds")
    parser.add_argument("--quick", action="store_true", help="a minute with a kill every 15 s; writes no report")


def keep_purchases_short(system):
    resource = ConfigResource(ConfigResource.Type.TOPIC, f"{system.prefix}.purchases", incremental_configs=[
        ConfigEntry("retention.ms", str(KEPT_MS), incremental_operation=AlterConfigOpType.SET),
        ConfigEntry("segment.bytes", str(64 * 1024 * 1024), incremental_operation=AlterConfigOpType.SET),
    ])
    for future in system.admin.incremental_alter_configs([resource]).values():
        future.result()


def probe(system, count):
    """What service, broker, Redis and load maker together hold, the load maker publishing while the service works; and what an input
    leaves behind: (inputs/s, {"log", "topic", "redis"} bytes)."""
    accrual, load = contestants.Accrual(), loads.zipf(MEMBERS, count)
    with system.world(f"bench-{int(time.time())}-probe"), contextlib.ExitStack() as stack:
        filled = load.fill(system, count // 10)
        accrual.start(system, stack)
        measure.settle(accrual, load.sent)
        began, before = time.monotonic(), load.sent
        load.fill(system, count)
        measure.settle(accrual, load.sent)
        rate = (load.sent - before) / (time.monotonic() - began)
        left = {"log": system.metrics(accrual.process)["huiyuan_block_bytes_total"] / load.sent, "topic": filled["bytes"] / filled["sent"],
                "redis": system.redis.info("memory")["used_memory"] / load.sent}
        measure.checked(accrual, [load])
    say(f"best rate with the load maker beside it: {rate:,.0f}/s")
    return rate, left


def free_memory():
    return next(int(line.split()[1]) * 1024 for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:"))


def fits(system, rate, seconds, left):
    """Log and entries are kept for ever, so all of them stay until the end. While Redis writes a snapshot it may need its memory twice,
    and there are two snapshots on the disk."""
    redis = rate * seconds * left["redis"]
    disk = rate * (seconds * left["log"] + min(seconds, 3 * KEPT_MS / 1000) * left["topic"]) + 2 * redis
    return disk <= FREE_SHARE * shutil.disk_usage(system.dir).free and 2 * redis <= FREE_SHARE * free_memory()


def choose_rate(options, system):
    """The rate, and what led to it."""
    seconds = options.minutes * 60
    best, left = probe(system, PROBE // 10 if options.quick else PROBE)
    wanted = options.rate or int(SHARE * best // 1000 * 1000)
    rate = wanted
    while not fits(system, rate, seconds, left):
        rate = int(rate * 0.95)
    return {"rate": rate, "best_rate": best, "bounded": rate < wanted, "left_bytes": left}


class Soak:
    def __init__(self, system, stack, load):
        self.system, self.stack, self.load = system, stack, load
        self.accrual = contestants.Accrual(HY_STATIC_MEMBERSHIP="true")
        self.samples, self.kills = [], []
        self.accrual.start(system, stack)

    def progress(self):
        return sum(mark.seq for mark in self.system.watermarks() if mark)

    def lag(self):
        """Published, but not yet taken as far as the service has told Kafka."""
        return sum(self.system.admin_ends("purchases")) - self.system.committed(f"{self.system.prefix}.accrual")

    def look(self, began):
        info = self.system.redis.info("memory")
        process = self.accrual.process
        self.samples.append({
            "s": round(time.monotonic() - began, 1), "visible": self.accrual.visible(), "lag": self.lag(), "service_bytes": process.memory_bytes("VmRSS"),
            "redis_bytes": info["used_memory"], "redis_rss_bytes": info["used_memory_rss"], "broker_bytes": self.system.kafka.memory_bytes("VmRSS"),
        })

    def kill(self, began):
        """kill -9, and a new process at once. How long until something new is visible?"""
        self.accrual.process.stop(signal.SIGKILL)
        killed = time.monotonic()
        self.accrual.start(self.system, self.stack)
        before = self.progress()
        wait_until(lambda: self.progress() > before, 60, "a new block after a kill", 0.02)
        self.kills.append({"s": killed - began, "next_block_s": time.monotonic() - killed})
        self.look(began)

    def run(self, sender, minutes, kill_every):
        began = time.monotonic()
        look_every = max(1, minutes * 60 / SAMPLES)
        next_look, next_kill = began, began + kill_every
        while sender.popen.poll() is None:
            now = time.monotonic()
            if now >= next_look:
                self.look(began)
                next_look = max(now, next_look + look_every)
            if now >= next_kill and now < began + minutes * 60 - 10:
                self.kill(began)
                next_kill += kill_every
            time.sleep(0.1)
        sent_s = time.monotonic() - began
        wait_until(lambda: self.lag() == 0, QUIET_S, "no lag is left after the load has ended", 0.2)
        caught_up_s = time.monotonic() - began - sent_s
        self.look(began)
        return {"sent_s": sent_s, "caught_up_s": caught_up_s, "samples": self.samples, "kills": self.kills}


def verified(system):
    """With half of what memory is free: what does not fit into a pass costs another one over the whole log."""
    out = json.loads(system.tool("huiyuanctl", "verify", "--memory", str(free_memory() // 2 >> 20), "--json"))
    say(f"verify: {'good' if out['good'] else out}")
    return {"good": out["good"], "logs": [{name: log[name] for name in ("log", "records", "records_per_s") if name in log} for log in out["logs"]]}


def run(options, system):
    if options.quick:
        options.minutes, options.kill_every = 1, 15
    results = {"minutes": options.minutes, "kill_every_s": options.kill_every, "members": MEMBERS, "machine": machine.describe(system)}
    results.update(choose_rate(options, system))
    rate = results["rate"]
    load = loads.zipf(MEMBERS, int(rate * options.minutes * 60))
    say(f"{options.minutes:g} minutes at {rate:,} purchases a second")
    with system.world(f"bench-{int(time.time())}-soak"), contextlib.ExitStack() as stack:
        keep_purchases_short(system)
        soak = Soak(system, stack, load)
        with system.running("bench_load", *load.options(system), "--rate", rate, "--linger", LINGER_MS) as sender:
            results.update(soak.run(sender, options.minutes, options.kill_every))
            keep(system.dir, "soak", results)
            out, _ = sender.popen.communicate(timeout=120)
        results["sent"] = json.loads(out)
        load.sent = load.count
        results["check"] = measure.checked(soak.accrual, [load])
        results["verify"] = verified(system)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
