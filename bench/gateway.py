"""`bench gateway`: member page and purchase round trip under wrk, as a share of a bare libmicrohttpd handler."""

import contextlib
import json
import os
import subprocess
import time

import contestants
import loads
import machine
import packages
import purchases
from measure import Cpu, throughput
from report.gateway import shares
from system import ROOT, Failed, say, wait_until

MEMBERS, PURCHASES_A_MEMBER = 10_000, 20
BARE_THREADS = 2  # as many as the gateway has workers by default
OFFERED, OFFERED_CONNECTIONS = 2000, 64
PAGE_CONNECTIONS, PURCHASE_CONNECTIONS = (64, 256), (64, 1024)


def options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement of a round")
    parser.add_argument("--warm-seconds", type=int, default=30, help="of purchases, before the first round: the broker compiles its code")
    parser.add_argument("--quick", action="store_true", help="one short round; writes no report")


def children_cpu_seconds():
    times = os.times()
    return times.children_user + times.children_system


def wrk(system, url, what, connections, seconds, **processes):
    """Closed loop: each connection asks again when it has its answer."""
    cpu, own = Cpu(**processes), children_cpu_seconds()
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", ROOT / "bench" / "gateway.lua",
                           url, "--", what, str(MEMBERS)], capture_output=True, text=True, check=False, timeout=seconds + 60)
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise Failed(f"wrk: {done.stdout[-1000:]}{done.stderr[-1000:]}") from None
    if result["refused"] or result["broken"]:
        raise Failed(f"{what}: not every request was answered well: {result}; logs: {system.dir / 'log'}")
    result.update(connections=connections, rate=result["requests"] / result["seconds"], cpu_us=cpu.per_input_us(result["requests"]))
    result["cpu_us"]["wrk"] = (children_cpu_seconds() - own) / result["requests"] * 1e6
    return result


@contextlib.contextmanager
def bare(system, mode, body_bytes, port):
    with system.running("bench_bare", f"127.0.0.1:{port}", BARE_THREADS, body_bytes, mode) as process:
        process.port = port
        wait_until(lambda: system.answers(process, "/"), 10, "the bare handler answers")
        yield process


def page_bytes(system):
    """The body of a member's page."""
    done = subprocess.run(["curl", "-sSf", f"{system.url}/v1/members/m{1:08}"], capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"no page of a member: {done.stderr.decode()}")
    return len(done.stdout)


def visible(system):
    """Purchases in Redis, of all members."""
    return sum(mark.tallies[2] for mark in system.watermarks() if mark)


def round_trips(system, parts, connections, seconds):
    """Each answer 201, so the purchase must be there; those that wrk left behind may be."""
    before = visible(system)
    result = wrk(system, system.url, "purchase", connections, seconds, **parts)
    time.sleep(1)
    found = visible(system) - before
    if not result["requests"] <= found <= result["requests"] + connections:
        raise Failed(f"{result['requests']} purchases were answered 201, Redis shows {found}")
    return result


def one_round(system, load, gateway, accrual, bares, seconds):
    """What is compared takes turns within it."""
    parts = {"gateway": gateway, "accrual": accrual, "broker": system.kafka, "redis": system.redis_server}
    found = {}
    for connections in PAGE_CONNECTIONS:
        for mode, process in bares.items():
            found[f"bare, {mode}", connections] = wrk(system, f"http://127.0.0.1:{process.port}", "page", connections, seconds, bare=process)
        found["member page", connections] = wrk(system, system.url, "page", connections, seconds, **parts)
    for connections in PURCHASE_CONNECTIONS:
        process = bares["turned"]
        found["bare, taking a purchase", connections] = wrk(system, f"http://127.0.0.1:{process.port}", "purchase", connections, seconds, bare=process)
        found["purchase round trip", connections] = round_trips(system, parts, connections, seconds)
    for (what, connections), result in found.items():
        say(f"{what}, {connections} connections: {result['rate']:,.0f}/s, p50 {result['p50_ms']:.1f} p99 {result['p99_ms']:.1f} ms, CPU µs: "
            + ", ".join(f"{name} {us:.1f}" for name, us in result["cpu_us"].items()))
    offered = purchases.post(system, load, accrual, gateway, OFFERED, OFFERED * seconds, OFFERED_CONNECTIONS)
    return [{"what": what, **result} for (what, _), result in found.items()], offered


def measure(system, rounds, seconds, warm_seconds):
    """All of it, in a world of its own."""
    packages.ensure("wrk", "wrk")
    if not (system.bin / "bench_bare").exists():
        raise Failed(f"{system.bin / 'bench_bare'} is not built: ./dev build")
    results = {"members": MEMBERS, "under_wrk": [], "offered": []}
    with system.world(f"bench-{int(time.time())}-gateway"), contextlib.ExitStack() as stack:
        load = loads.uniform(MEMBERS, MEMBERS * PURCHASES_A_MEMBER)
        contestant = contestants.Accrual()
        throughput(system, contestant, [load], stack)
        gateway = stack.enter_context(system.gateway())
        results["page_bytes"] = page_bytes(system)
        ports = range(system.accrual_port + 3, system.accrual_port + 5)
        bares = {mode: stack.enter_context(bare(system, mode, results["page_bytes"], port)) for mode, port in zip(("turned", "pool"), ports)}
        say(f"{warm_seconds} s of purchases, not counted")
        purchases.post(system, load, contestant.process, gateway, OFFERED, OFFERED * warm_seconds, OFFERED_CONNECTIONS)
        for number in range(1, rounds + 1):
            say(f"round {number} of {rounds}")
            found, offered = one_round(system, load, gateway, contestant.process, bares, seconds)
            results["under_wrk"] += found
            results["offered"].append(offered)
    return results


def targets(results):
    return [
        {"title": "member page under wrk: requests/s, of a bare libmicrohttpd handler's", "goal": "≥ 60 %", "at_least": 0.6, "form": "{:.0%}",
         "figures": shares(results, "member page", PAGE_CONNECTIONS[0])},
        {"title": "purchase round trip under wrk, the same", "goal": "≥ 60 %", "at_least": 0.6, "form": "{:.0%}",
         "figures": shares(results, "purchase round trip", PURCHASE_CONNECTIONS[-1])},
        {"title": "purchases at 2,000/s, p99: ms", "goal": "≤ 20", "at_most": 20, "form": "{:.1f}",
         "figures": [one["latency"]["p99_ms"] for one in results["offered"]]},
    ]


def run(options, system):
    if options.quick:
        options.rounds, options.seconds, options.warm_seconds = 1, 2, 5
    results = {"machine": machine.describe(system)}
    results.update(measure(system, options.rounds, options.seconds, options.warm_seconds))
    results["targets"] = targets(results)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
