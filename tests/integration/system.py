"""One whole Huiyuan with topics and keys of its own: started, driven and checked from outside."""

import itertools
import json
import os
import pathlib
import signal
import subprocess
import time

import redis as redis_client
import requests
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

import oracle
from backend import ROOT, free_port, wait_until
from partitioner import partition_of
from protos import common, points, projection
from reader import Log, PointsLog
from store import Store

BIN = pathlib.Path(os.environ.get("HY_BIN", ROOT / "build" / "release" / "bin"))
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
SERVICES = {"member": "members", "accrual": "points", "tier": "tiers", "campaign": "campaigns", "notification": "deliveries"}
numbers = itertools.count(1)


def built(service):
    return (BIN / f"hy-{service}").exists()


class Service:
    """One process of ours. A death that no test asked for fails the test."""

    def __init__(self, system, program, name, environment, port):
        self.system, self.program, self.name, self.port = system, program, name, port
        self.environment = environment
        self.url = f"http://127.0.0.1:{port}"
        self.log = system.folder / f"{system.name}-{name}.log"
        self.starts = 0
        self.process = None
        self.start()

    def start(self):
        self.starts += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BIN / self.program], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def check_alive(self):
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(
                f"{self.name} ended by itself with status {self.process.returncode}:\n{self.tail()}"
            )

    def tail(self, lines=25):
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def ready(self):
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def not_ready_reason(self):
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).text
        except requests.RequestException as error:
            return str(error)

    def wait_ready(self, seconds=60):
        def check():
            self.check_alive()
            return self.ready()

        wait_until(
            check, lambda: f"{self.name} is not ready: {self.not_ready_reason()}\n{self.tail()}", seconds
        )
        return self

    def metrics(self):
        rows = [
            row.rsplit(" ", 1)
            for row in requests.get(f"{self.url}/metrics", timeout=5).text.splitlines()
            if row and row[0] != "#"
        ]
        return {name: float(value) for name, value in rows}

    def kill(self):
        """kill -9"""
        self.process.kill()
        self.process.wait()
        self.process = None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds=30):
        """SIGTERM; returns how long it took. It must end by itself, and say that all went well."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} does not stop within {seconds} s of SIGTERM:\n{self.tail()}"
            ) from None
        self.process = None
        assert status == 0, f"{self.name} ended with status {status} after SIGTERM:\n{self.tail()}"
        return time.monotonic() - begin


class System:
    def __init__(self, backend, partitions=4, window_days=90, **settings):
        self.backend = backend
        self.folder = backend.folder
        self.name = f"t{next(numbers)}"
        self.partitions = partitions
        self.topic_prefix, self.redis_prefix = f"{self.name}.", f"{self.name}:"
        self.environment = dict(
            os.environ,
            HY_KAFKA_BROKERS=backend.brokers,
            HY_REDIS_URL=backend.redis_url,
            HY_TOPIC_PREFIX=self.topic_prefix,
            HY_REDIS_PREFIX=self.redis_prefix,
            HY_PARTITIONS=str(partitions),
            HY_PURCHASE_WINDOW_DAYS=str(window_days),
            HY_LOG_LEVEL="info",
            HY_ACCESS="open",  # test_access.py asks for keys
            HY_KEK="00" * 32,
            HY_COUPON_SECRET="11" * 32,
        )
        self.environment |= settings
        self.services = []
        self.programs = []
        self.window_days = window_days
        self.redis = backend.redis
        self.stores = {}
        self.logs = {}  # those that are followed, by topic
        self.group_readers = {}
        self.read_sources = {}
        try:
            self.ctl("topics", "create")
        except BaseException:
            self.close()
            raise

    def close(self):
        for service in self.services:
            if service.process is not None:
                service.process.kill()
                service.process.wait()
        for reader in [*self.logs.values(), *self.group_readers.values()]:
            reader.close()
        try:
            admin = AdminClient({"bootstrap.servers": self.backend.brokers})
            names = [
                name for name in admin.list_topics(timeout=5).topics if name.startswith(self.topic_prefix)
            ]
            for future in admin.delete_topics(names, operation_timeout=0).values() if names else ():
                future.exception(timeout=10)
            keys = self.redis.scan_iter(f"{self.redis_prefix}*", count=5000)
            while some := list(itertools.islice(keys, 5000)):
                self.redis.unlink(*some)
        except Exception as error:  # a test may have left Kafka or Redis down; the backend goes with it
            print(f"{self.name}: not cleaned up: {error}")

    def check_alive(self):
        for service in self.services:
            service.check_alive()

    # ---- the parts

    def ctl(self, *arguments, check=True, seconds=120):
        done = subprocess.run(
            [BIN / "huiyuanctl", *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if check:
            said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            assert done.returncode == 0, f"{done.args[1:]}: status {done.returncode}\n{said}"
        return done

    def spawn(self, *arguments):
        """huiyuanctl in the background."""
        with open(self.folder / f"{self.name}-huiyuanctl.log", "ab") as log:
            command = [BIN / "huiyuanctl", *map(str, arguments)]
            return subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def publish_program(self, path=PROGRAMS / "plain.yaml"):
        self.ctl("program", "publish", path)
        self.programs.append(oracle.load(path))
        return self

    def start(self, program, name, settings, listen):
        port = free_port()
        environment = dict(
            self.environment, HY_INSTANCE=f"{self.name}-{name}", **{listen: f"127.0.0.1:{port}"}
        )
        service = Service(self, program, name, environment | settings, port)
        self.services.append(service)
        return service

    def start_service(self, service, name=None, **settings):
        """One more instance of a stateful service; `name` tells instances apart."""
        return self.start(f"hy-{service}", name or service, settings, "HY_ADMIN_LISTEN")

    def start_member(self, name="member", **settings):
        return self.start_service("member", name, **settings)

    def start_accrual(self, name="accrual", **settings):
        return self.start_service("accrual", name, **settings)

    def start_tier(self, name="tier", **settings):
        return self.start_service("tier", name, **settings)

    def start_campaign(self, name="campaign", **settings):
        return self.start_service("campaign", name, **settings)

    def start_notification(self, name="notification", **settings):
        return self.start_service("notification", name, **settings)

    def start_gateway(self, name="gateway", **settings):
        return self.start("hy-gateway", name, settings, "HY_HTTP_LISTEN").wait_ready()

    def ensure(self, prefix, start):
        found = [service for service in self.services if service.name.startswith(prefix) and service.process]
        return found[0] if found else start()

    @property
    def gateway_url(self):
        return self.ensure("gateway", self.start_gateway).url

    def topic(self, name):
        return self.topic_prefix + name

    def store(self, partitioner="murmur2_random", **settings):
        if partitioner not in self.stores:
            self.stores[partitioner] = Store(
                self.backend.brokers, self.topic("purchases"), partitioner, **settings
            )
        return self.stores[partitioner]

    def publish(self, *purchases):
        self.store().publish(*purchases)

    # ---- what came of it

    @property
    def log(self):
        return self.log_of("points")

    def log_of(self, name, keep_body=None):
        """Followed from its beginning; `keep_body` counts when it is given with the first call."""
        if name not in self.logs:
            make = PointsLog if name == "points" else Log
            more = {"keep_body": keep_body} if keep_body else {}
            self.logs[name] = make(self.backend.brokers, self.topic(name), self.partitions, **more)
        return self.logs[name]

    def owners(self, log="points"):
        """Of each partition: the instance that claimed it last, as the test named it; None: nobody yet."""
        prefix = f"{self.name}-"
        return [
            partition.claims[-1].removeprefix(prefix) if partition.claims else None
            for partition in self.log_of(log).read().partitions
        ]

    def wait_owners(self, log, names, seconds=60):
        """Until exactly these instances own the partitions."""
        wait_until(
            lambda: set(self.owners(log)) == set(names),
            lambda: f"{log} owned by {sorted(names)}; it is by {self.owners(log)}",
            seconds,
        )

    def partition_of(self, member_id):
        return partition_of(member_id, self.partitions)

    def watermark_key(self, partition, log="points"):
        return f"{self.redis_prefix}{{{partition}}}:{log}:w"

    def watermark(self, partition, log="points"):
        value = self.redis.get(self.watermark_key(partition, log))
        return projection.Watermark.FromString(value or b"")

    def member_key(self, member_id, log="points"):
        return f"{self.redis_prefix}{{{self.partition_of(member_id)}}}:{log}:m:{member_id}"

    def member_state(self, member_id, log, message):
        """Of a member, or of another key of that log, out of Redis; None: it has none."""
        value = self.redis.get(self.member_key(member_id, log))
        return message.FromString(projection.MemberState.FromString(value).state) if value else None

    def members(self, ids):
        """PointsState of each, out of Redis."""
        ids = list(ids)
        states = {}
        for begin in range(0, len(ids), 1000):
            some = ids[begin : begin + 1000]
            for member_id, value in zip(
                some, self.redis.mget([self.member_key(member_id) for member_id in some])
            ):
                state = projection.MemberState.FromString(value) if value else None
                states[member_id] = points.PointsState.FromString(state.state) if state else None
        return states

    def dead_letters(self):
        """By key, so that what was sent again after a crash counts once. Newest value."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.backend.brokers,
                "group.id": "tests-dead-letters",
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 20,
            }
        )
        topic = self.topic("dead-letters")
        letters = {}
        try:
            for number in range(self.partitions):
                partition = TopicPartition(topic, number, 0)
                high = consumer.get_watermark_offsets(partition, timeout=20)[1]
                consumer.assign([partition])
                while high and consumer.position([partition])[0].offset < high:
                    for message in consumer.consume(1000, timeout=0.5):
                        assert message.error() is None, message.error()
                        letters[message.key().decode()] = common.DeadLetter.FromString(message.value())
        finally:
            consumer.close()
        return letters

    def started_logs(self):
        """Of the services that were started; points when there is none yet."""
        programs = {service.program.removeprefix("hy-") for service in self.services}
        return [log for service, log in SERVICES.items() if service in programs] or ["points"]

    def sources_of(self, log):
        """The topics that the log's service reads, as the service itself has it."""
        if not self.read_sources:
            done = self.ctl("status", "--json", check=False)
            for service in json.loads(done.stdout)["services"] if done.returncode == 0 else ():
                self.read_sources[service["log"]] = list(service["partitions"][0]["sources"])
        return self.read_sources.get(log)

    def committed(self, log, topic):
        """What the group noted of each partition: also of inputs that were nothing for this service."""
        if log not in self.group_readers:
            (service,) = [service for service, name in SERVICES.items() if name == log]
            self.group_readers[log] = Consumer(
                {"bootstrap.servers": self.backend.brokers, "group.id": self.topic(service), "enable.auto.commit": False}
            )
        wanted = [TopicPartition(self.topic(topic), number) for number in range(self.partitions)]
        return [found.offset for found in self.group_readers[log].committed(wanted, timeout=20)]

    def untaken(self, log):
        reader = self.log_of(log).read()
        sources = self.sources_of(log)
        if sources is None:
            yield f"status says nothing of {log}"
        for topic in sources or ():
            taken = [partition.positions.get(topic, 0) for partition in reader.partitions]
            ends = reader.ends(self.topic(topic))
            if any(position < end for position, end in zip(taken, ends)):
                taken = map(max, taken, self.committed(log, topic))
            for number, (position, end) in enumerate(zip(taken, ends)):
                if position < end:
                    yield f"{log} has taken {position} of {end} of {topic}/{number}"

    def undelivered(self, logs):
        """Emissions from one of these logs to another that their target has not taken yet."""
        taken = {}
        for name in logs:
            for target in self.logs[name].partitions:
                taken |= {(source, number, name, target.number): mark for (source, number), mark in target.taken.items()}
        for name in logs:
            for source in self.logs[name].partitions:
                for (to, target), number in source.emitted.items():
                    missing = number - taken.get((name, source.number, to, target), 0)
                    if to in logs and missing:
                        yield f"{missing} emissions of {name}/{source.number} to {to}/{target} on their way"

    def unseen(self, log):
        for partition in self.logs[log].partitions:
            seq = self.watermark(partition.number, log).seq
            if seq != partition.last:
                yield f"{log}/{partition.number}: Redis has block {seq} of {partition.last}"

    def behind(self):
        """What has still to happen before every input counts and is seen; empty when nothing."""
        self.check_alive()
        logs = self.started_logs()
        texts = [text for log in logs for text in self.untaken(log)]
        texts += self.undelivered(logs)
        try:
            texts += [text for log in logs for text in self.unseen(log)]
        except redis_client.RedisError as error:
            texts.append(f"Redis: {error}")
        return texts

    def settle(self, seconds=60):
        """Waits until everything published is in the log and in Redis."""

        def explain():
            services = "\n".join(
                f"--- {service.name}: {service.not_ready_reason()}\n{service.tail()}"
                for service in self.services
                if service.process
            )
            return "still behind:\n" + "\n".join(self.behind()[:20]) + "\n" + services

        wait_until(lambda: not self.behind(), explain, seconds)
        return self

    def faults(self):
        """The checks of `huiyuanctl verify` that find something: name → the first fault, in words."""
        done = self.ctl("verify", "--deep", "--json", check=False)
        assert done.returncode in (0, 1), done.stderr
        report = json.loads(done.stdout)
        found = {check["check"]: check["first"] for check in report["checks"] if check["faults"]}
        assert report["good"] == (done.returncode == 0) == (not found), report
        return found

    def verify(self):
        assert self.faults() == {}

    def check_against(self, accepted):
        """Everything is in the log and in Redis, and every member has exactly what the oracle says.

        `accepted`: (member, purchase id) → Expected, as oracle.Ledger.accepted."""
        self.settle()
        assert {name: tuple(found) for name, found in self.log.accepted.items()} == {
            name: (expected.points, expected.lines, expected.version) for name, expected in accepted.items()
        }
        totals = {}
        for (member_id, _), expected in accepted.items():
            total, count = totals.get(member_id, (0, 0))
            totals[member_id] = (total + expected.points, count + 1)
        states = self.members(totals)
        assert {
            member_id: state and (state.balance, state.purchases) for member_id, state in states.items()
        } == totals
        assert {member_id: state.earned for member_id, state in states.items()} == {
            member_id: total for member_id, (total, _) in totals.items()
        }
        self.verify()

    def ledger(self):
        """An oracle that knows the programs published so far."""
        return oracle.Ledger(self.programs, self.window_days)
