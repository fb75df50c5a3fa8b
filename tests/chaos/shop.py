"""A whole Huiyuan on two networks: instance `-a` of each service on network a, `-b` on b, a gateway on each, a mail server."""

import asyncio
import threading

from campaigns_client import BIRTHDAY, yaml_of
from network import HERE, NETWORKS, ChaosBackend
from providers import MailServer
from system import SERVICES, System

GATEWAYS = [f"gateway-{network}" for network in NETWORKS]
INSTANCES = [f"{service}-{network}" for service in SERVICES for network in NETWORKS]
PARTITIONS = 6
SEND_TIMEOUT_S = 3
DRAIN_S = 60  # within which an instance ends after SIGTERM, even when Kafka or Redis is away
BIRTHDAYS = {
    "birthday": BIRTHDAY | {"budget": 1000000, "control_share": 20},
    "scarce": BIRTHDAY | {"id": "scarce", "budget": 25},
}


class Mail(MailServer):
    """Takes mails; or refuses them for now; or takes them and falls silent."""

    def __init__(self):
        self.mood = "takes"
        super().__init__()

    async def handle_DATA(self, server, session, envelope):
        if self.mood == "refuses":
            return "451 not now"
        silent = self.mood == "silent"
        answer = await super().handle_DATA(server, session, envelope)
        if silent:
            await asyncio.sleep(SEND_TIMEOUT_S + 2)
        return answer


class Shop:
    """`chance` chooses what the instances are like."""

    def __init__(self, chance):
        self.mail = Mail()
        self.backend = ChaosBackend()
        self.system = None
        self.instances = {}
        self.in_hand = set()  # instances that a fault has: they may be dead
        self.drains = []  # seconds from SIGTERM to the end
        self.lock = threading.Lock()
        self.settings = {
            "HY_BATCH_INPUTS": str(chance.choice([10, 50, 2000])),
            "HY_BLOCK_BYTES": str(chance.choice([4096, 458752])),
            "HY_CACHE_MEMBERS": str(chance.choice([1000, 2000000])),
        }
        self.static = {service: chance.random() < 0.4 for service in SERVICES}

    def start(self):
        self.backend.start()
        self.system = System(
            self.backend,
            partitions=PARTITIONS,
            HY_TEMPLATES_DIR=str(HERE.parents[1] / "deploy" / "templates"),
            HY_SMTP_URL=self.mail.url,
            HY_MAIL_FROM="hello@shop.example",
            HY_QUIET_HOURS="",
            HY_RETRY_FIRST_SECONDS="1",
            HY_RETRY_LONGEST_SECONDS="2",
            HY_RETRY_ATTEMPTS="100",
            HY_SEND_TIMEOUT_MS=str(SEND_TIMEOUT_S * 1000),
            HY_REPORT_TIMEOUT_MS=str((SEND_TIMEOUT_S + 3) * 1000),
            HY_ANSWER_TIMEOUT_MS="1000",
        )
        self.system.publish_program(HERE / "program.yaml")
        for campaign in BIRTHDAYS.values():
            path = self.backend.folder / f"{campaign['id']}.yaml"
            path.write_text(yaml_of(campaign), encoding="utf-8")
            self.system.ctl("campaign", "publish", path)
        for name in INSTANCES + GATEWAYS:
            self.launch(name)
        for service in self.instances.values():
            service.wait_ready()
        return self

    def launch(self, name):
        """`name` ends with the network that it is on."""
        service, _, network = name.rpartition("-")
        settings = self.backend.settings(network if network in NETWORKS else NETWORKS[0])
        if service == "gateway":
            made = self.system.start("hy-gateway", name, settings, "HY_HTTP_LISTEN")
        else:
            static = {"HY_STATIC_MEMBERSHIP": str(self.static[service]).lower()}
            made = self.system.start_service(service, name, **settings, **self.settings, **static)
        self.instances[name] = made
        return made

    @property
    def gateway_urls(self):
        return [self.instances[name].url for name in GATEWAYS]

    def check_alive(self):
        for name, service in list(self.instances.items()):
            with self.lock:
                if name not in self.in_hand:
                    service.check_alive()

    def take(self, name):
        with self.lock:
            self.in_hand.add(name)
        return self.instances[name]

    def drain(self, name):
        self.drains.append(self.take(name).stop(DRAIN_S))

    def give_back(self, name):
        with self.lock:
            self.in_hand.discard(name)

    def heal(self):
        """Everything works and runs again, whatever was broken."""
        self.mail.mood = "takes"
        self.backend.heal()
        self.backend.start_redis()
        self.backend.redis.config_set("maxmemory", "0")
        self.backend.start_kafka()
        for name in INSTANCES + GATEWAYS:
            service = self.instances[name]
            if service.process is None:
                service.start()
            else:
                service.thaw()
        for name in INSTANCES + GATEWAYS:
            self.instances[name].wait_ready(90)

    def close(self, keep=None):
        try:
            for service in self.instances.values():
                if service.process is not None:
                    service.thaw()
                    service.kill()
            for reader in [*self.system.logs.values(), *self.system.group_readers.values()] if self.system else ():
                reader.close()
        finally:
            self.backend.stop(keep)
            self.mail.close()
