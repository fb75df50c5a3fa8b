"""`bench purchases`: the purchase path alone, with HTTP, faults and recovery."""

import contextlib
import time

import contestants
import loads
import machine
import measure
import recovery
from system import Failed, say

PARTS = ("throughput", "latency", "post", "take-over", "rebuild")
WARM_SECONDS = 30


def options(parser):
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=2_000_000, help="purchases of a throughput round")
    parser.add_argument("--quick", action="store_true", help="one short round of everything; writes no report")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of: " + ",".join(PARTS))
    parser.add_argument("--loads", default="uniform,zipf", help="some of: uniform,zipf")


def make_load(name, count):
    """The members grow with the purchases, so that a short run meets each as often as a long one."""
    return loads.uniform(count // 2, count) if name == "uniform" else loads.zipf(count // 20, count)


def post(system, load, service, gateway, rate, count, connections):
    """POST /v1/purchases; rate 0: closed loop."""
    cpu = measure.Cpu(service=service, gateway=gateway, broker=system.kafka, redis=system.redis_server)
    result = system.json_tool("bench_post", *load.options(system, count=count), "--url", system.url, "--rate", rate,
                              "--connections", connections, "--warm-up", count // 10)
    load.sent += count
    result.update(offered=rate, connections=connections, cpu_us_per_input=cpu.per_input_us(count))
    say(f"POST {rate or 'closed loop'}, {connections} connections: {result['rate']:,.0f}/s, p50 {result['latency']['p50_ms']:.1f} "
        f"p99 {result['latency']['p99_ms']:.1f} ms, {result['statuses']}")
    return result


def live_parts(options, system, accrual, load, results):
    """What is measured on the filled system, with its members known."""
    seconds = 5 if options.quick else 20
    if "post" in options.parts and (system.bin / "hy-gateway").exists():
        with system.gateway() as gateway:
            for rate, connections in ((500, 64), (2000, 64), (0, 32)):
                count = (rate or 1500) * seconds
                results["post"].append(post(system, load, accrual.process, gateway, rate, count, connections))
    if "take-over" in options.parts:
        results["take_over"].append(recovery.take_over(system, load, accrual.process))
    measure.checked(accrual, [load])


def latencies(options, system, number, results):
    """By number of partitions: each of them costs requests of its own."""
    accrual = contestants.Accrual()
    for partitions in (16, 4):
        with system.world(f"bench-{int(time.time())}-latency-{number}", partitions), contextlib.ExitStack() as stack:
            load = loads.zipf(options.count // 20, options.count // 4)
            measure.throughput(system, accrual, [load], stack)
            seconds, warm = (5, 5) if options.quick else (20, WARM_SECONDS)
            result = measure.latency(system, accrual, load, 10_000, seconds, warm)
            if not result["kept_up"]:
                raise Failed(f"accrual does not keep up with 10,000 purchases a second: {result}")
            results["latency"].append(result)
            measure.checked(accrual, [load])


def filled(options, system, name, number, results):
    """A prefilled topic, and what is measured on the filled system."""
    accrual, load = contestants.Accrual(), make_load(name, options.count)
    with system.world(f"bench-{int(time.time())}-{name}-{number}"):
        with contextlib.ExitStack() as stack:
            result = measure.throughput(system, accrual, [load], stack)
            results["throughput" if number > 0 else "cold"].append(result)
            if name == "zipf" and number > 0:
                live_parts(options, system, accrual, load, results)
        if name == "zipf" and number > 0 and "rebuild" in options.parts:
            results["rebuild"].append(recovery.rebuild(system, accrual, load))
            results["verify"].append(recovery.verify(system))
            results["empty_redis"].append(recovery.take_over_of_nothing(system, accrual, load))


def run(options, system):
    """Round 0 is the first of a broker that has compiled nothing yet: it is reported by itself."""
    if options.quick:
        options.rounds, options.count = 1, min(options.count, 300_000)
    results = {key: [] for key in ("cold", "throughput", "latency", "post", "take_over", "rebuild", "verify", "empty_redis")}
    results["machine"] = machine.describe(system)
    for number in range(0, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        for name in options.loads.split(","):
            filled(options, system, name, number, results)
        if number > 0 and "latency" in options.parts:
            latencies(options, system, number, results)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
