"""A Kafka and a Redis, and two networks that lead to them: each has half of the instances, and can be cut off alone."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

from backend import Backend, free_port

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = "ab"


class ChaosBackend(Backend):
    def __init__(self):
        super().__init__()
        self.ports = {f"{server}-{network}": free_port() for server in ("kafka", "redis") for network in NETWORKS}
        self.listeners = {network: free_port() for network in NETWORKS}
        properties = self.folder / "chaos.properties"
        properties.write_text(self.kafka_properties())
        self.environment["HY_DEV_KAFKA_PROPERTIES"] = str(properties)
        self.proxy = None
        self.lock = threading.Lock()

    def kafka_properties(self):
        """A listener for each network, advertised as the port of its proxy: a client that came by a proxy stays behind it."""
        controller = self.environment["HY_DEV_KAFKA_CONTROLLER_PORT"]
        own = f"PLAINTEXT://127.0.0.1:{self.kafka_port}"
        more = [f"{name.upper()}://127.0.0.1:{port}" for name, port in self.listeners.items()]
        told = [f"{name.upper()}://127.0.0.1:{self.ports[f'kafka-{name}']}" for name in NETWORKS]
        security = [f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *NETWORKS.upper())]
        return "\n".join(
            [
                f"listeners={','.join([own, f'CONTROLLER://127.0.0.1:{controller}', *more])}",
                f"advertised.listeners={','.join([own, *told])}",
                f"listener.security.protocol.map={','.join(security)}",
                "",
            ]
        )

    def start(self):
        super().start()
        targets = {f"kafka-{name}": port for name, port in self.listeners.items()}
        targets |= {f"redis-{name}": self.redis_port for name in NETWORKS}
        links = [f"{name}={port}:{targets[name]}" for name, port in self.ports.items()]
        self.proxy = subprocess.Popen(
            [sys.executable, HERE / "proxy.py", *links], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.proxy.stdout.readline() == "ready\n"
        return self

    def link(self, name, mode, *delay_ms):
        line = " ".join([name, mode, *map(str, delay_ms)]) + "\n"
        with self.lock:
            self.proxy.stdin.write(line)
            self.proxy.stdin.flush()
            assert self.proxy.stdout.readline() == line

    def settings(self, network):
        """What an instance on that network is told."""
        return {
            "HY_KAFKA_BROKERS": f"127.0.0.1:{self.ports[f'kafka-{network}']}",
            "HY_REDIS_URL": f"redis://127.0.0.1:{self.ports[f'redis-{network}']}/0",
        }

    def signal(self, server, number):
        """To Kafka or Redis themselves."""
        pid = int((self.folder / "run" / f"{server}.pid").read_text().split()[0])
        os.kill(pid, number)

    def heal(self):
        for name in self.ports:
            self.link(name, "open")

    def stop(self, keep=None):
        """`keep`: the folder into which logs of all processes go, and Kafka's and Redis' data."""
        if self.proxy is not None:
            self.proxy.stdin.close()
            self.proxy.wait(10)
        for server in "kafka", "redis":
            try:
                self.signal(server, signal.SIGCONT)
            except (OSError, ValueError):
                pass
        if keep is not None:
            self.dev("kafka", "kill")
            self.dev("redis", "stop")
            shutil.copytree(self.folder, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("owner", "run"))
        super().stop()
