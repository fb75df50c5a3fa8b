"""`bench limits`: where the time of an input goes, and what everybody who reads it by librdkafka pays."""

import contextlib
import os
import time

import contestants
import loads
import machine
import measure
import profiling
import scheduling
from results import keep
from system import say


def options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=2_000_000, help="purchases of a round")
    parser.add_argument("--quick", action="store_true", help="one short round; writes no report")


def fetched(system, load):
    """The same topic, read by a program that does nothing with it."""
    cpu = measure.Cpu(broker=system.kafka)
    result = system.json_tool("bench_fetch", *load.options(system, first=0, count=load.sent))
    result["broker_us_per_message"] = cpu.per_input_us(load.sent)["broker"]
    say(f"fetching alone: {result['messages_per_s']:,.0f}/s, {result['cpu_us_per_message']:.2f} µs a message, broker {result['broker_us_per_message']:.2f}")
    return result


class Watched(contestants.Accrual):
    """Its deciding thread, from the start until the last input is done."""

    def start(self, *arguments, **others):
        super().start(*arguments, **others)
        self.began, self.passed = scheduling.look(self.process.pid), None

    def is_done(self, *arguments):
        done = super().is_done(*arguments)
        if done and self.passed is None:
            self.passed = scheduling.shares(self.began, scheduling.look(self.process.pid), os.cpu_count())
        return done


def profiled(system, load):
    accrual, file = Watched(), system.dir / "perf.data"
    with contextlib.ExitStack() as stack:
        with profiling.recording(file):
            result = measure.throughput(system, accrual, [load], stack)
        pid = accrual.process.pid
    result["shares"] = profiling.shares(file, pid)
    result["deciding_thread"] = accrual.passed
    file.unlink()
    return result


def run(options, system):
    """Round 0 is the broker's, which compiles its code."""
    if options.quick:
        options.rounds, options.count = 1, min(options.count, 300_000)
    results = {"machine": machine.describe(system), "fetch": [], "profile": []}
    for number in range(0, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        load = loads.zipf(options.count // 20, options.count)
        with system.world(f"bench-{int(time.time())}-limits-{number}"):
            work = profiled(system, load)
            floor = fetched(system, load)
        if number > 0:
            results["profile"].append(work)
            results["fetch"].append(floor)
        keep(system.dir, "limits", results)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
