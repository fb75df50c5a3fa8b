"""The doors to Kafka and Redis (common/io), from the inside: the C tests of tests/integration/io, against real ones."""

import os
import subprocess

import pytest

from system import BIN


@pytest.mark.parametrize("program", ["test_bus_kafka", "test_store_redis"])
def test_the_door_keeps_what_its_header_says(backend, program):
    environment = {**os.environ, "HY_KAFKA_BROKERS": backend.brokers, "HY_REDIS_URL": backend.redis_url}
    done = subprocess.run([BIN.parent / "tests" / program], env=environment, capture_output=True, text=True,
                          timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
