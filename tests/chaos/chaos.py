"""A Huiyuan under load and under faults, and at the end everything held against the truth.

    chaos.py --minutes 10 --seed 7 --rate 100      --plan prints what would happen to it
"""

import argparse
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import compare  # noqa: E402  the path comes first
import found  # noqa: E402
import report  # noqa: E402
from backend import ROOT, wait_until  # noqa: E402
from faults import Injected, plan  # noqa: E402
from load import PATIENCE_S, StoreSystem, Till  # noqa: E402
from shop import Shop  # noqa: E402
from truth import Truth  # noqa: E402

KEPT = ROOT / "build" / "tests" / "chaos"
TILLS = 6
REST_S = 150
LAST_FAULT_S = 120
TOLD = 30  # differences of each check that are printed; all of them are kept


class Finding(AssertionError):
    """Something that must not be."""


class Run:
    def __init__(self, seed, seconds, rate, say=print, keep=False):
        self.seed, self.seconds, self.rate, self.say = seed, seconds, rate, say
        self.keep = keep
        self.plan = plan(seed, seconds)
        self.truth = Truth()
        self.shop = Shop(random.Random(f"{seed}/shop"))
        self.workers = []
        self.injected = []
        self.ending = threading.Event()
        self.found = None
        self.times = {}

    # ---- the run

    def run(self):
        begin = time.monotonic()
        keep = self.folder if self.keep else None
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.stage("started", self.shop.start)
            self.stage("faults", self.break_things)
            self.stage("healed", self.heal)
            self.stage("at rest", self.rest)
            self.stage("compared", self.check)
        except BaseException:
            keep = self.folder
            self.say(f"seed {self.seed}: failed; all logs, and the data of Kafka and Redis, go to {keep}")
            raise
        finally:
            self.close(keep)
            self.say(f"{time.monotonic() - begin:.0f} s in all: {self.times}")

    def stage(self, name, act):
        begin = time.monotonic()
        act()
        self.times[name] = round(time.monotonic() - begin, 1)

    def start_load(self):
        self.workers = [StoreSystem(self.shop, self.truth, self.seed, self.rate)]
        self.workers += [Till(self.shop, self.truth, self.seed, number) for number in range(TILLS)]
        for worker in self.workers:
            worker.start()

    def break_things(self):
        self.start_load()
        begin = time.monotonic()
        waiting = list(self.plan)
        while waiting or any(one.healed is None for one in self.injected):
            self.watch()
            held = set().union(*(one.planned.names for one in self.injected if one.healed is None))
            now_s = time.monotonic() - begin
            if waiting and waiting[0].at_s <= now_s and not waiting[0].names & held:
                self.injected.append(Injected(self.shop, waiting.pop(0), self.ending))
                self.say(f"{now_s:6.1f} s  {self.injected[-1]}")
            if now_s > self.seconds + LAST_FAULT_S:
                raise Finding(f"faults that do not end: {[str(one) for one in self.injected if one.healed is None]}")
            time.sleep(0.05)

    def watch(self):
        self.shop.check_alive()
        for one in [*self.workers, *self.injected]:
            if one.error:
                raise Finding(one.error)

    def heal(self):
        self.shop.heal()
        for worker in self.workers:
            worker.leaving.set()
        for worker in self.workers:
            worker.join(PATIENCE_S + 10)
        self.watch()

    def rest(self):
        self.found = found.Found(self.shop.system)
        begin, told = time.monotonic(), 0

        def all_done():
            nonlocal told
            texts = found.late(self.truth, self.found)
            if texts and time.monotonic() - begin > told:
                told += 10
                self.say(f"{time.monotonic() - begin:6.1f} s after healing, {len(texts)} things are late, first: {texts[0]}")
            return not texts

        try:
            wait_until(
                all_done,
                lambda: "still late:\n" + "\n".join(found.late(self.truth, self.found)[:20]),
                REST_S,
                every=0.5,
            )
        except AssertionError:
            self.check()  # says more; when it finds nothing, what is late is the finding
            raise

    def check(self):
        differences = compare.compare(self.truth, self.found, self.shop)
        report.tell(self)
        for name, texts in differences.items():
            self.say(f"  {name}: {'as it must be' if not texts else f'{len(texts)} differences'}")
            for text in texts[:TOLD]:
                self.say(f"    seed {self.seed}: {text}")
        if any(differences.values()):
            self.folder.mkdir(parents=True, exist_ok=True)
            lines = [f"{name}: {text}" for name, texts in differences.items() for text in texts]
            (self.folder / "differences.txt").write_text("\n".join(lines), encoding="utf-8")
            raise Finding(f"seed {self.seed}: {len(lines)} differences; the first: {lines[0]}")

    @property
    def folder(self):
        return KEPT / f"seed-{self.seed}"

    def close(self, keep):
        self.ending.set()
        for worker in self.workers:
            worker.leaving.set()
        for one in self.injected:
            one.thread.join(LAST_FAULT_S)
        self.shop.close(keep)
        if keep:
            lines = [f"{one.began} {one.healed} {one}" for one in self.injected]
            (keep / "faults.txt").write_text("\n".join(lines), encoding="utf-8")


def print_plan(seed, seconds):
    for one in plan(seed, seconds):
        print(f"{one.at_s:7.1f} s  {one.kind.name}: {one.target} for {one.seconds} s")


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos", description="real processes, real Kafka, real Redis, and what breaks them")
    parser.add_argument("--minutes", type=float, default=5, help="of faults")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000000))
    parser.add_argument("--rate", type=int, default=100, help="purchases a second into Kafka, beside the tills")
    parser.add_argument("--keep", action="store_true", help="logs and data also of a run that finds nothing")
    parser.add_argument("--plan", action="store_true", help="print the faults of that seed, and do nothing")
    wanted = parser.parse_args()
    seconds = int(wanted.minutes * 60)
    if wanted.plan:
        print_plan(wanted.seed, seconds)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clean up, as with Ctrl-C
    print(f"chaos: seed {wanted.seed}", flush=True)
    try:
        Run(wanted.seed, seconds, wanted.rate, lambda text: print(text, flush=True), wanted.keep).run()
    except AssertionError as error:
        print(f"chaos: seed {wanted.seed}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
