"""The systems under test, all with the same questions: accrual as it is shipped, and the peers of bench/peers."""

import pathlib
import shutil
import subprocess
import tempfile
import time

from system import ROOT, Failed

PEERS = ROOT / "bench" / "peers"
REDIS_BEHIND_S = 0.5  # a peer writes Redis beside its transactions: the last values may come after the commit


class Accrual:
    """One or more instances of hy-accrual. What counts is visible in Redis."""

    name = "accrual"
    title = "Huiyuan accrual"
    show = "accrual"  # of bench_visible

    def __init__(self, instances=1, **environment):
        self.instances, self.environment = instances, environment
        self.processes = []

    def prepare(self, system):
        """What must be there before the topic is filled."""

    def start(self, system, stack, taken_before=0):
        self.system, self.taken_before = system, taken_before
        self.visible_before = self.visible()
        self.processes = [stack.enter_context(system.accrual(number, **self.environment)) for number in range(self.instances)]

    @property
    def process(self):
        return self.processes[0]

    def taken(self):
        return self.taken_before + sum(self.system.metrics(process).get("huiyuan_inputs_total", 0) for process in self.processes)

    def states_written(self):
        return sum(self.system.metrics(process).get("huiyuan_members_projected_total", 0) for process in self.processes)

    def is_done(self, inputs, accepted=None):
        """All inputs taken, and visible in Redis: the tally of accepted purchases says how many are. `accepted`: how many it must accept
        from its start on, where that is known; the services' counters count twice what one instance had taken when it handed the
        partition over to another."""
        metrics = [self.system.metrics(process) for process in self.processes]
        if self.taken_before + sum(one.get("huiyuan_inputs_total", 0) for one in metrics) < inputs:
            return False
        if accepted is None:
            accepted = sum(one["huiyuan_records_accepted_total"] for one in metrics)
        return self.visible() - self.visible_before >= accepted

    def visible(self):
        return sum(mark.tallies[2] for mark in self.system.watermarks() if mark and mark.tallies)

    def log(self):
        return self.process.log

    def memory(self):
        return {"cached_members": sum(self.system.metrics(process)["huiyuan_cached_members"] for process in self.processes)}

    def check(self, load):
        return self.system.json_tool("bench_check", *load.options(self.system, first=0, count=load.sent))


class Peer:
    """A folder of bench/peers. What counts is committed: its records and its offsets are one transaction."""

    def __init__(self, name, title, folder, show="ledger", **settings):
        self.name, self.title, self.folder, self.show, self.settings = name, title, folder, show, settings

    def build(self):
        subprocess.run([PEERS / self.folder / "build"], check=True)

    def prepare(self, system):
        system.create_topic("peer-ledger")

    def start(self, system, stack, taken_before=0):
        self.system = system
        self.state = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=system.dir))
        stack.callback(shutil.rmtree, self.state, ignore_errors=True)
        self.processes = [stack.enter_context(system.running(PEERS / self.folder / "run", PEER_DIR=str(self.state), **self.settings))]

    @property
    def process(self):
        return self.processes[0]

    def taken(self):
        if self.process.popen.poll() is not None:
            raise Failed(f"{self.name} ended by itself; its log: {self.log()}")
        return self.system.committed(f"{self.system.prefix}.peer")

    def states_written(self):
        return None  # it does not tell

    def is_done(self, inputs, accepted=None):
        return self.taken() >= inputs

    def log(self):
        return self.process.log

    def memory(self):
        return {"state_file_bytes": sum(file.stat().st_size for file in self.state.rglob("*") if file.is_file())}

    def check(self, load):
        options = load.options(self.system, first=0, count=load.sent)
        result = self.system.json_tool("bench_ledger", *options)
        if self.show == "peer":
            time.sleep(REDIS_BEHIND_S)
            result["redis"] = self.system.json_tool("bench_check", *options, "--show", "peer")
            result["ok"] = result["ok"] and result["redis"]["ok"]
        return result


def peers():
    return [
        Peer("streams-memory", "Kafka Streams, memory", "streams", PEER_STORE="memory"),
        Peer("streams-rocksdb", "Kafka Streams, RocksDB", "streams", PEER_STORE="rocksdb"),
        Peer("go-redis", "Go with Redis", "go", show="peer", PEER_REDIS="on"),
        Peer("go", "Go without Redis", "go", PEER_REDIS="off"),
    ]


def contestants(names=None):
    """Those named, all by default; peers are built when they are not."""
    everybody = {one.name: one for one in [Accrual(), *peers()]}
    chosen = [everybody[name] for name in names or everybody]
    for folder in {one.folder: one for one in chosen if isinstance(one, Peer)}.values():
        folder.build()
    return chosen


def known():
    return ["accrual", *(peer.name for peer in peers())]
