"""A Kafka, a Redis and the services of our own, beside whatever else runs here; and everything stopped at the end."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import redis
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
PARTITIONS = 16  # of every topic, where a measurement does not say otherwise

sys.path.insert(0, str(ROOT / "tests" / "integration"))
from protos import projection  # noqa: E402


class Failed(Exception):
    """The bench can't go on; the message says why."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Process:
    """One of ours that runs: CPU time and memory are read from /proc."""

    def __init__(self, name, pid, popen=None):
        self.name, self.pid, self.popen = name, pid, popen

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK  # user and system, of all threads

    def memory_bytes(self, what):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
        raise Failed(f"no {what} of {self.name}")

    def stop(self, number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
            try:
                self.popen.wait(30)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


class System:
    def __init__(self):
        base = int(os.environ.get("HY_BENCH_PORT", "29092"))
        self.dir = pathlib.Path(os.environ.get("HY_BENCH_DIR", ROOT / "build" / "bench")).resolve()
        self.bin = pathlib.Path(os.environ.get("HY_BIN", ROOT / "build" / "release" / "bin"))
        self.brokers, self.redis_port = f"127.0.0.1:{base}", base + 2
        self.http_port, self.accrual_port = base + 3, base + 4
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.dev_environment = {
            **os.environ, "HY_DEV_DIR": str(self.dir), "HY_DEV_KAFKA_PORT": str(base),
            "HY_DEV_KAFKA_CONTROLLER_PORT": str(base + 1), "HY_DEV_REDIS_PORT": str(self.redis_port),
        }
        self.stack = contextlib.ExitStack()
        self.prefix = None
        self.partitions = PARTITIONS

    def __enter__(self):
        for program in ("hy-accrual", "huiyuanctl", "bench_load", "bench_check", "bench_ledger", "bench_visible", "bench_post"):
            if not (self.bin / program).exists():
                raise Failed(f"{self.bin / program} is not built: ./dev build")
        with contextlib.ExitStack() as stack:
            for name in ("kafka", "redis"):
                stack.callback(self.dev, name, "stop")
                self.dev(name, "start")
            self.stack = stack.pop_all()
        self.kafka, self.redis_server = (
            Process(name, int((self.dir / "run" / f"{name}.pid").read_text().split()[0])) for name in ("kafka", "redis"))
        self.redis = redis.Redis(port=self.redis_port)
        self.admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 2})
        return self

    def __exit__(self, *_):
        self.stack.close()

    def dev(self, *arguments):
        subprocess.run([ROOT / "dev", *arguments], env=self.dev_environment, check=True)

    def environment(self, **more):
        return {
            **os.environ, "HY_KAFKA_BROKERS": self.brokers, "HY_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "HY_TOPIC_PREFIX": self.prefix + ".", "HY_REDIS_PREFIX": self.prefix + ":", "HY_LOG_LEVEL": "warn", "HY_ACCESS": "open",
            "HY_PARTITIONS": str(self.partitions), **more,
        }

    # --- one round's world ---

    @contextlib.contextmanager
    def world(self, prefix, partitions=PARTITIONS):
        """Fresh topics and an empty Redis; gone at the end."""
        self.prefix, self.partitions = prefix, partitions
        self.redis.flushall()
        self.tool("huiyuanctl", "topics", "create")
        self.tool("huiyuanctl", "program", "publish", ROOT / "deploy/dev/program.yaml")
        try:
            yield
        finally:
            topics = [name for name in self.admin.list_topics(timeout=20).topics if name.startswith(prefix + ".")]
            for future in self.admin.delete_topics(topics, operation_timeout=20).values():
                future.result()
            self.redis.flushall()

    def tool(self, program, *arguments):
        done = subprocess.run([self.bin / program, *map(str, arguments)], env=self.environment(), cwd=ROOT,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{program} {' '.join(map(str, arguments))} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def json_tool(self, program, *arguments):
        return json.loads(self.tool(program, *arguments))

    def json_tool_that_may_fail(self, program, *arguments):
        """What the tool says also when it ends with an error; without a word it is one of ours."""
        done = subprocess.run([self.bin / program, *map(str, arguments)], env=self.environment(), cwd=ROOT, capture_output=True, text=True, check=False)
        if not done.stdout.strip():
            raise Failed(f"{program} {' '.join(map(str, arguments))} failed: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def running(self, program, *arguments, **environment):
        """A program in the background; stopped at the end if it still runs. Its words go to a file."""
        path = self.bin / program  # one of ours, or a whole path
        log = self.dir / "log" / f"{self.prefix}-{path.name}-{environment.get('HY_INSTANCE', '')}.log"
        with open(log, "ab") as out:
            popen = subprocess.Popen([path, *map(str, arguments)], env=self.environment(**environment), cwd=ROOT,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if arguments else out, stderr=out,
                                     start_new_session=True)
        process = Process(path.name, popen.pid, popen)
        process.log = log
        try:
            yield process
        finally:
            process.stop()

    @contextlib.contextmanager
    def accrual(self, number=0, **environment):
        port = self.accrual_port + number
        with self.running("hy-accrual", HY_ADMIN_LISTEN=f"127.0.0.1:{port}", HY_INSTANCE=f"bench-{number}", **environment) as process:
            process.port = port
            yield process

    @contextlib.contextmanager
    def gateway(self):
        with self.running("hy-gateway", HY_HTTP_LISTEN=f"127.0.0.1:{self.http_port}", HY_INSTANCE="bench-gateway") as process:
            process.port = self.http_port
            wait_until(lambda: self.answers(process, "/readyz"), 30, "the gateway is ready")
            yield process

    # --- looking ---

    def answers(self, process, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{path}", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def metrics(self, process):
        """All metrics of a service; {} while it does not answer."""
        if process.popen.poll() is not None:
            raise Failed(f"{process.name} ended by itself; its log: {process.log}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, OSError):
            return {}
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))}

    def admin_ends(self, topic):
        """The end of each partition of a topic: how many messages were ever published."""
        name = f"{self.prefix}.{topic}"
        wanted = {TopicPartition(name, p): OffsetSpec.latest() for p in range(self.partitions)}
        return [future.result().offset for future in self.admin.list_offsets(wanted).values()]

    def create_topic(self, topic, **settings):
        new = NewTopic(f"{self.prefix}.{topic}", self.partitions, 1, config=settings)
        for future in self.admin.create_topics([new]).values():
            future.result()

    def committed(self, group):
        """Inputs of `purchases` that a group of consumers has committed."""
        wanted = [TopicPartition(f"{self.prefix}.purchases", p) for p in range(self.partitions)]
        asked = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])
        found = next(iter(asked.values())).result().topic_partitions
        return sum(max(0, place.offset) for place in found)

    def watermarks(self):
        """What Redis says of each partition of the points log; None: nothing yet."""
        keys = [f"{self.prefix}:{{{p}}}:points:w" for p in range(self.partitions)]
        return [value and projection.Watermark.FromString(value) for value in self.redis.mget(keys)]


def wait_until(condition, seconds, what, every=0.05):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(every)
