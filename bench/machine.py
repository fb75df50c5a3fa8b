"""What the figures were measured on."""

import os
import pathlib
import platform
import re
import subprocess
import time

from system import ROOT


def load_average():
    return os.getloadavg()[0]


def cpu_model():
    found = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.processor()


def package_version(module):
    done = subprocess.run(["pkg-config", "--modversion", module], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def kafka_version():
    jars = [jar.name for jar in (ROOT / ".dev" / "kafka" / "jars").glob("kafka-clients-*.jar")]
    return jars[0].removeprefix("kafka-clients-").removesuffix(".jar") if jars else "unknown"


def describe(system):
    memory_kb = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "cpu": cpu_model(), "cores": os.cpu_count(), "memory_gib": round(memory_kb / 1048576, 1), "kernel": platform.release(),
        "kafka": kafka_version(), "redis": system.redis.info("server")["redis_version"], "librdkafka": package_version("rdkafka"),
        "hiredis": package_version("hiredis"), "commit": commit.stdout.strip(), "date": time.strftime("%Y-%m-%d"), "load_at_start": load_average(),
    }
