"""How a system under test is measured: from a prefilled topic, and at a fixed rate. Each function measures once."""

import time

import samples
from system import Failed, say

STALL_SECONDS = 60
LOOK_EVERY_S, LOOK_AT_THE_END_S = 0.1, 0.02


class Cpu:
    """CPU seconds of several processes since it was made."""

    def __init__(self, **processes):
        self.processes = processes
        self.began = self.seconds()

    def seconds(self):
        return {name: process.cpu_seconds() for name, process in self.processes.items()}

    def per_input_us(self, inputs):
        return {name: (now - self.began[name]) / inputs * 1e6 for name, now in self.seconds().items()}


def cpu_seconds(system, contestant):
    """Of the whole processes, from their start on."""
    return {"service": sum(process.cpu_seconds() for process in contestant.processes),
            "broker": system.kafka.cpu_seconds(), "redis": system.redis_server.cpu_seconds()}


def sample(system, contestant, now, taken):
    return samples.Sample(now, taken, cpu_seconds(system, contestant), contestant.states_written())


def drain(system, contestant, before, inputs, accepted):
    """Samples from `before` inputs on until all `inputs` are done; the last sample is that moment."""
    found, moved = [], time.monotonic()
    while True:
        now, taken = time.monotonic(), min(contestant.taken(), inputs)  # what is handed over to another instance is taken twice
        if taken > (found[-1].inputs if found else before):
            found.append(sample(system, contestant, now, taken))
            moved = now
        if taken >= inputs and contestant.is_done(inputs, accepted):
            found.append(sample(system, contestant, time.monotonic(), taken))
            return found
        if now - moved > STALL_SECONDS:
            raise Failed(f"no progress for {STALL_SECONDS} s at {taken:.0f} of {inputs} inputs; log: {contestant.log()}")
        time.sleep(LOOK_EVERY_S if taken < before + 0.9 * (inputs - before) else LOOK_AT_THE_END_S)


def settle(contestant, inputs):
    """Waits until everything that was published is done."""
    deadline = time.monotonic() + 5 * STALL_SECONDS
    while not contestant.is_done(inputs):
        if time.monotonic() > deadline:
            raise Failed(f"{contestant.name} does not come to the end of its inputs; log: {contestant.log()}")
        time.sleep(LOOK_EVERY_S)


def checked(contestant, loads):
    """A round with a wrong sum is no result."""
    results = [contestant.check(load) for load in loads]
    for result in results:
        if not result["ok"]:
            raise Failed(f"{contestant.name}: wrong sums: {result}")
    return results[-1]


def memory(system, contestant):
    info = system.redis.info("memory")
    return {
        "service_bytes": sum(process.memory_bytes("VmRSS") for process in contestant.processes),
        "service_peak_bytes": sum(process.memory_bytes("VmHWM") for process in contestant.processes),
        "broker_bytes": system.kafka.memory_bytes("VmRSS"), "redis_bytes": info["used_memory"], "redis_peak_bytes": info["used_memory_peak"],
        **contestant.memory(),
    }


def throughput(system, contestant, loads, stack, share=0.5):
    """Fills the topic, starts the contestant on it, and waits until the last input is done. `share`: from there on it counts as warm.
    The last of the loads is the one that is measured."""
    load = loads[-1]
    before = sum(one.sent for one in loads)
    filled = [one.fill(system) for one in loads if one.count]
    inputs = sum(one.sent for one in loads)
    time.sleep(1)
    cpu, began = Cpu(broker=system.kafka, redis=system.redis_server), time.monotonic()
    contestant.start(system, stack, before)
    found = drain(system, contestant, before, inputs, sum(one["sent"] - one["repeats"] for one in filled))
    taken = inputs - before
    result = {
        "system": contestant.name, "load": load.name, "inputs": taken, "input_bytes": filled[-1]["bytes"] * taken // filled[-1]["sent"],
        **rates(found, before, share), "start_s": found[0].time - began,
        "cpu_us_per_input": {"service": cpu_seconds(system, contestant)["service"] / taken * 1e6, **cpu.per_input_us(taken)},
        "memory": memory(system, contestant), "check": checked(contestant, loads),
    }
    say(summary(result))
    return result


def rates(found, before, share):
    """Of the inputs that this process took."""
    found = [one._replace(inputs=one.inputs - before) for one in found]
    return {
        "inputs_per_s": samples.rate_between(found, 0), "inputs_per_s_first_half": samples.first_half(found),
        "inputs_per_s_second_half": samples.rate_between(found, share), "cpu_us_per_input_second_half": samples.cpu_us_between(found, share),
        "states_per_input_second_half": samples.states_between(found, share),
    }


def summary(result):
    def figure(rate):
        return "–" if rate is None else f"{rate:,.0f}"
    return (f"{result['system']}, {result['load']}: {figure(result['inputs_per_s'])} inputs/s (first half {figure(result['inputs_per_s_first_half'])}, "
            f"then {figure(result['inputs_per_s_second_half'])}), CPU µs an input: "
            + ", ".join(f"{name} {us:.2f}" for name, us in result["cpu_us_per_input"].items()))


def latency(system, contestant, load, rate, seconds, warm_seconds, linger_ms=2):
    """Publish → readable, at a fixed rate. A publisher that waits for nobody (linger 0) sends each purchase as a request of its own,
    which costs the broker 60 µs and more: 10,000 a second would take most of a core before anything is done with them.
    The first `warm_seconds` are not counted: the broker compiles its code for small requests in them."""
    warm_up = int(rate * warm_seconds)
    count = warm_up + int(rate * seconds)
    cpu = Cpu(broker=system.kafka, redis=system.redis_server)
    service = cpu_seconds(system, contestant)["service"]
    result = system.json_tool_that_may_fail(
        "bench_visible", *load.options(system, count=count), "--show", contestant.show, "--rate", rate, "--warm-up", warm_up,
        "--sample-every", max(1, int(rate) // 400), "--linger", linger_ms)
    load.sent += count
    settle(contestant, load.sent)
    service = cpu_seconds(system, contestant)["service"] - service
    result.update(system=contestant.name, rate=rate, linger_ms=linger_ms, partitions=system.partitions,
                  cpu_us_per_input={"service": service / count * 1e6, **cpu.per_input_us(count)},
                  kept_up=result["complete"] and result["unmeasured"] == 0 and result["failed"] == 0)
    visible = result["visible"]
    say(f"{contestant.name} at {rate:,.0f}/s, {system.partitions} partitions: readable p50 {visible['p50_ms']:.1f} p99 {visible['p99_ms']:.1f} "
        f"p99.9 {visible['p999_ms']:.1f} ms{'' if result['kept_up'] else ', BUT IT DID NOT KEEP UP'}")
    return result
