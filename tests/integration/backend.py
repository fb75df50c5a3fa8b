"""A Kafka and a Redis of our own, through ./dev, and ways to break them. Only processes started here are ever touched."""

import itertools
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

import redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = ROOT / "build" / "tests" / "integration"


def shuffled_ports():
    """Those of this process among the ones that run at a time, again only after all others: whoever is told a port
    may bind it much later. Below the range from which outgoing connections take theirs: it stays free while a broker
    is down."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = range(20000 + worker, 32000, workers)
    return itertools.cycle(random.SystemRandom().sample(ports, len(ports)))


PORTS = shuffled_ports()


def free_port():
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(check, what, seconds=60, every=0.05):
    """Calls `check` until it returns something else than None or False, and returns that.

    `what` says what was waited for; it may be a function that says how it stands."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result is not None and result is not False:  # a refused request is false, too
            return result
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {text}")
        time.sleep(every)


def run_dev(folder, environment, *arguments):
    with open(folder / "dev.log", "a+", encoding="utf-8") as log:
        begin = log.tell()
        done = subprocess.run(
            [ROOT / "dev", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=180,
            check=False,
        )
        log.seek(begin)
        assert done.returncode == 0, f"./dev {' '.join(arguments)}:\n{log.read()}"


def stop_orphans():
    """Stops what an earlier session left behind because it was killed itself."""
    for owner in STATE.glob("*/owner"):
        pid, started = owner.read_text().split()
        if process_start(pid) == started:
            continue
        run_dev(owner.parent, dict(os.environ, HY_DEV_DIR=str(owner.parent)), "down")
        shutil.rmtree(owner.parent, ignore_errors=True)


def process_start(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


class Backend:
    def __init__(self):
        STATE.mkdir(parents=True, exist_ok=True)
        stop_orphans()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=STATE))
        named = self.folder / "owner.new"  # others may look at any moment: there at once, or not at all
        named.write_text(f"{os.getpid()} {process_start(os.getpid())}")
        named.rename(self.folder / "owner")
        self.kafka_port, controller_port, self.redis_port = free_port(), free_port(), free_port()
        self.environment = dict(
            os.environ,
            HY_DEV_DIR=str(self.folder),
            HY_DEV_KAFKA_PORT=str(self.kafka_port),
            HY_DEV_KAFKA_CONTROLLER_PORT=str(controller_port),
            HY_DEV_REDIS_PORT=str(self.redis_port),
        )
        self.brokers = f"127.0.0.1:{self.kafka_port}"
        self.redis_url = f"redis://127.0.0.1:{self.redis_port}/0"
        self.redis = redis.Redis(port=self.redis_port, socket_timeout=5, socket_connect_timeout=5, retry=None)

    def dev(self, *arguments):
        run_dev(self.folder, self.environment, *arguments)

    def start(self):
        try:
            self.dev("redis", "start")
            self.dev("kafka", "start")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        self.dev("kafka", "kill")
        self.dev("redis", "kill")
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- breaking it

    @property
    def snapshot(self):
        return self.folder / "redis-data" / "dump.rdb"

    def save_snapshot(self):
        """Redis as it is now, for restart_redis_from."""
        self.redis.save()
        copy = self.folder / f"snapshot-{time.monotonic_ns()}.rdb"
        shutil.copy(self.snapshot, copy)
        return copy

    def kill_redis(self):
        self.dev("redis", "kill")

    def start_redis(self):
        self.dev("redis", "start")

    def restart_redis_from(self, snapshot):
        """The machine fails, and what Redis finds on disk is older than what it had."""
        self.kill_redis()
        shutil.copy(snapshot, self.snapshot)
        self.start_redis()

    def kill_kafka(self):
        self.dev("kafka", "kill")

    def start_kafka(self):
        self.dev("kafka", "start")
