"""What is measured of the purchase path, and how. Each function measures one thing once; bench/run repeats them."""

import json
import resource
import signal
import time

from system import Failed, say, wait_until

SEED = 20170301
STALL_SECONDS = 60
WARM_SECONDS = 30


class Load:
    """Purchases from a seed: every tool makes the same ones from these options."""

    def __init__(self, name, members, zipf, count):
        self.name, self.members, self.zipf, self.count = name, members, zipf, count
        self.sent = 0  # numbers 0 … sent - 1 were published

    def options(self, system, first=None, count=None):
        return ["--seed", SEED, "--members", self.members, "--zipf", self.zipf, "--partitions", system.partitions,
                "--first", self.sent if first is None else first, "--count", self.count if count is None else count]


class Cpu:
    """CPU seconds of several processes since it was made."""

    def __init__(self, **processes):
        self.processes = processes
        self.began = {name: process.cpu_seconds() for name, process in processes.items()}

    def per_input_us(self, inputs):
        return {name: (process.cpu_seconds() - self.began[name]) / inputs * 1e6 for name, process in self.processes.items()}


def check(system, load):
    """Every member's points in Redis against the load maker's own sum."""
    return system.json_tool("bench_check", *load.options(system, first=0, count=load.sent))


def caught_up(system, service, inputs):
    """All inputs taken, and visible in Redis."""
    metrics = system.metrics(service)
    if metrics.get("huiyuan_inputs_total", 0) < inputs:
        return False
    visible = sum(mark.tallies[2] for mark in system.watermarks() if mark)
    return visible >= metrics["huiyuan_records_accepted_total"]


def drain(system, service, inputs):
    """(seconds, inputs) samples until all inputs are visible; the last sample is that moment."""
    samples, moved = [], time.monotonic()
    while True:
        now, taken = time.monotonic(), system.metrics(service).get("huiyuan_inputs_total", 0)
        if taken > (samples[-1][1] if samples else 0):
            samples.append((now, taken))
            moved = now
        if taken >= inputs and caught_up(system, service, inputs):
            samples.append((time.monotonic(), taken))
            return samples
        if now - moved > STALL_SECONDS:
            raise Failed(f"no progress for {STALL_SECONDS} s at {taken:.0f} of {inputs} inputs; log: {service.log}")
        time.sleep(0.1)


def rate_between(samples, share):
    """Inputs a second from the moment at which `share` of them were taken until all were visible."""
    first = next(sample for sample in samples if sample[1] >= share * samples[-1][1])
    return (samples[-1][1] - first[1]) / (samples[-1][0] - first[0])


def throughput(system, load, service_context):
    """Prefills the topic, starts the service on it, and waits until the last input is visible."""
    filled = system.json_tool("bench_load", *load.options(system))
    load.sent += load.count
    time.sleep(1)
    before = time.monotonic()
    cpu = Cpu(broker=system.kafka, redis=system.redis_server)
    service = service_context.enter_context(system.accrual())
    samples = drain(system, service, load.count)
    result = {
        "load": load.name,
        "inputs": load.count,
        "input_bytes": filled["bytes"],
        "inputs_per_s": rate_between(samples, 0),
        "inputs_per_s_second_half": rate_between(samples, 0.5),
        "start_s": samples[0][0] - before,
        "cpu_us_per_input": {"service": service.cpu_seconds() / load.count * 1e6, **cpu.per_input_us(load.count)},
        "memory": memory(system, service),
        "blocks": system.metrics(service)["huiyuan_blocks_total"],
        "log_bytes": system.metrics(service)["huiyuan_block_bytes_total"],
        "check": check(system, load),
    }
    say(f"{load.name}: {result['inputs_per_s']:,.0f} inputs/s (second half {result['inputs_per_s_second_half']:,.0f}), CPU µs an input: "
        + ", ".join(f"{name} {us:.2f}" for name, us in result["cpu_us_per_input"].items()))
    return service, result


def memory(system, service):
    info = system.redis.info("memory")
    return {
        "service_bytes": service.memory_bytes("VmRSS"), "service_peak_bytes": service.memory_bytes("VmHWM"),
        "broker_bytes": system.kafka.memory_bytes("VmRSS"), "redis_bytes": info["used_memory"], "redis_peak_bytes": info["used_memory_peak"],
        "cached_members": system.metrics(service)["huiyuan_cached_members"],
    }


def latency(system, load, service, rate, seconds, linger_ms=2):
    """Publish → visible in Redis, at a fixed rate. A publisher that waits for nobody (linger 0) sends each purchase as a request of
    its own, which costs the broker 60 µs and more: 10,000 a second would take most of a core before anything is done with them.
    The first `WARM_SECONDS` are not counted: the broker compiles its code for small requests in them."""
    warm_up = rate * WARM_SECONDS
    count = warm_up + rate * seconds
    cpu = Cpu(service=service, broker=system.kafka, redis=system.redis_server)
    result = system.json_tool("bench_visible", *load.options(system, count=count), "--rate", rate, "--warm-up", warm_up,
                              "--sample-every", max(1, rate // 400), "--linger", linger_ms)
    load.sent += count
    result.update(rate=rate, linger_ms=linger_ms, partitions=system.partitions, cpu_us_per_input=cpu.per_input_us(count))
    say(f"{rate}/s, {system.partitions} partitions: visible p50 {result['visible']['p50_ms']:.1f} p99 {result['visible']['p99_ms']:.1f} "
        f"p99.9 {result['visible']['p999_ms']:.1f} ms")
    return result


def post(system, load, service, gateway, rate, count, connections):
    """POST /v1/purchases; rate 0: closed loop."""
    cpu = Cpu(service=service, gateway=gateway, broker=system.kafka, redis=system.redis_server)
    result = system.json_tool("bench_post", *load.options(system, count=count), "--url", system.url, "--rate", rate,
                              "--connections", connections, "--warm-up", count // 10)
    load.sent += count
    result.update(offered=rate, connections=connections, cpu_us_per_input=cpu.per_input_us(count))
    say(f"POST {rate or 'closed loop'}, {connections} connections: {result['rate']:,.0f}/s, p50 {result['latency']['p50_ms']:.1f} "
        f"p99 {result['latency']['p99_ms']:.1f} ms, {result['statuses']}")
    return result


def take_overs_of(metrics):
    return metrics.get("huiyuan_take_over_seconds_sum", 0), metrics.get("huiyuan_take_over_seconds_count", 0)


def seqs(system):
    return [mark.seq if mark else 0 for mark in system.watermarks()]


def take_over(system, load, first, rate=2000, seconds=25):
    """Two instances share the load; one is killed. How long until each partition's next block is visible?"""
    with system.accrual(1) as second:
        wait_until(lambda: system.metrics(second).get("huiyuan_owned_partitions", 0) == system.partitions // 2
                   and system.metrics(first).get("huiyuan_owned_partitions", 0) == system.partitions // 2, 60, "two instances share the partitions")
        with system.running("bench_visible", *load.options(system, count=rate * seconds), "--rate", rate, "--sample-every", 50, "--linger", 2) as sender:
            load.sent += rate * seconds
            time.sleep(4)
            before = take_overs_of(system.metrics(first))
            second.stop(signal.SIGKILL)
            gaps = longest_gaps(system, killed=time.monotonic(), seconds=18)
            out, _ = sender.popen.communicate(timeout=120)
    result = json.loads(out)
    if not result["complete"]:
        raise Failed(f"not every purchase became visible after a kill: {result}")
    after = take_overs_of(system.metrics(first))
    gaps.sort()
    dead = gaps[system.partitions // 2:]
    result = {
        "rate": rate, "partitions": len(dead),
        "kill_to_next_block_s": {"first": dead[0], "median": dead[len(dead) // 2], "last": dead[-1]},
        "other_partitions_longest_pause_s": gaps[system.partitions // 2 - 1],
        "claim_to_running_ms": (after[0] - before[0]) / max(1, after[1] - before[1]) * 1000,
        "claims": after[1] - before[1],
    }
    say(f"take-over: next block {dead[0]:.2f} … {dead[-1]:.2f} s after the kill, claim to running {result['claim_to_running_ms']:.0f} ms")
    return result


def longest_gaps(system, killed, seconds):
    """For each partition: the longest time without a new block that Redis shows."""
    last, moved = seqs(system), [killed] * system.partitions
    longest = [0.0] * system.partitions
    while time.monotonic() < killed + seconds:
        now, current = time.monotonic(), seqs(system)
        for p in range(system.partitions):
            longest[p] = max(longest[p], now - moved[p])
            if current[p] > last[p]:
                last[p], moved[p] = current[p], now
        time.sleep(0.005)
    return longest


def rebuild(system, load):
    """Redis loses everything; all of it is folded from the log again."""
    before = seqs(system)
    records = sum(system.admin_ends("purchases"))
    system.redis.flushall()
    began = time.monotonic()
    system.tool("huiyuanctl", "rebuild", "--yes")
    seconds = time.monotonic() - began
    if seqs(system) != before:
        raise Failed("the rebuilt Redis does not stand where it stood before")
    say(f"rebuild: {records / seconds:,.0f} records/s")
    return {"records": records, "seconds": seconds, "records_per_s": records / seconds, "check": check(system, load)}


def verify(system):
    """The points log against itself, Redis and the sums; by nobody but us, as all of the bench."""
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = system.json_tool("huiyuanctl", "verify", "--log", "points", "--json")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    log = result["logs"][0]
    log["cpu_us_per_record"] = (after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime) / log["records"] * 1e6
    say(f"verify: {log['records_per_s']:,.0f} records/s, CPU {log['cpu_us_per_record']:.2f} µs a record")
    return {name: log[name] for name in ("records", "records_per_s", "passes", "cpu_us_per_record")}


def take_over_of_nothing(system, load):
    """The same by the service itself: it finds Redis empty when it starts."""
    before, records = seqs(system), sum(system.admin_ends("purchases"))
    system.redis.flushall()
    began = time.monotonic()
    with system.accrual() as service:
        wait_until(lambda: all(now >= then for now, then in zip(seqs(system), before)), 600, "the service folds the whole log", 0.02)
        seconds = time.monotonic() - began
        memory_bytes = service.memory_bytes("VmHWM")
    say(f"take-over with an empty Redis: {records / seconds:,.0f} records/s")
    return {"records": records, "seconds": seconds, "records_per_s": records / seconds, "service_peak_bytes": memory_bytes,
            "check": check(system, load)}
