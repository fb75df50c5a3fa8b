"""Fixtures: one Kafka and one Redis for the session, a Huiyuan with its own topics and keys for each test that wants one."""

import pytest

pytest.register_assert_rewrite("system")  # what its checks compared is shown; before its first import

from backend import Backend
from system import BIN, System


def pytest_collection_modifyitems(items):
    """Long ones last: what is broken shows early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: works on the real data, or waits for time-outs")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call" and report.failed:
        for name in ("fresh", "system", "outage"):
            system = item.funcargs.get(name)
            for service in getattr(system, "services", ()):
                report.sections.append((f"log of {service.name}", service.tail()))
    return report


@pytest.fixture(scope="session")
def backend():
    """Shared: tests that break Kafka or Redis use `own_backend`."""
    missing = [name for name in ("hy-accrual", "hy-gateway", "huiyuanctl") if not (BIN / name).exists()]
    assert not missing, f"{', '.join(missing)} not in {BIN}: ./dev build"
    backend = Backend().start()
    yield backend
    backend.stop()


@pytest.fixture(scope="module")
def own_backend():
    backend = Backend().start()
    yield backend
    backend.stop()


@pytest.fixture(scope="module")
def system(backend):
    """One for all tests of a module, with a published program; starts its gateway when somebody asks for its URL."""
    system = System(backend).publish_program()
    yield system
    system.close()


@pytest.fixture
def fresh(backend):
    """One for this test alone, with a published program and nothing started."""
    system = System(backend).publish_program()
    yield system
    system.check_alive()
    system.close()


@pytest.fixture
def make_system(backend):
    """Makes systems with other settings."""
    made = []

    def make(**settings):
        made.append(System(backend, **settings))
        return made[-1]

    yield make
    for system in made:
        system.close()


@pytest.fixture
def outage(own_backend):
    """Like `fresh`, on a Kafka and a Redis that may be broken; they work again when the test ends."""
    system = System(own_backend).publish_program()
    yield system
    system.check_alive()
    system.close()
