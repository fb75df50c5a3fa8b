"""A mail server and a provider of SMS on loopback: real protocols, and what they are told to say."""

import asyncio
import email
import email.policy
import http.server
import threading
from collections import defaultdict

from aiosmtpd.controller import Controller

from backend import free_port


class MailServer:
    """Keeps every mail that it has taken. `answers[address]` are the answers to the next mails there; then it takes all."""

    def __init__(self, **settings):
        self.mails = []  # (recipient, message)
        self.ways = []  # how each came: (user or None, encrypted)
        self.answers = defaultdict(list)
        self.refused = {}  # address: answer to RCPT
        self.held = {}  # address: asyncio.Event that the answer to the mail waits for
        self.waiting = threading.Event()
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **settings)
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.port}"

    def close(self):
        for event in self.held.values():
            self.controller.loop.call_soon_threadsafe(event.set)
        self.controller.stop()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        (address,) = envelope.rcpt_tos
        if self.answers[address]:
            answer = self.answers[address].pop(0)
            if not answer.startswith("250"):
                return answer
        user = session.auth_data.login.decode() if session.auth_data else None
        self.ways.append((user, server.transport.get_extra_info("sslcontext") is not None))
        self.mails.append((address, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        if address in self.held:
            self.waiting.set()
            await self.held[address].wait()
        return "250 taken"

    def hold(self, address):
        """Takes the mail, but does not say so."""
        made = asyncio.run_coroutine_threadsafe(self.make_event(), self.controller.loop)
        self.held[address] = made.result(5)
        self.waiting.clear()

    @staticmethod
    async def make_event():
        return asyncio.Event()

    def release(self, address):
        self.controller.loop.call_soon_threadsafe(self.held.pop(address).set)

    def to(self, address):
        return [message for recipient, message in self.mails if recipient == address]


class Webhook:
    """Keeps every request. `statuses` are the next answers; then 200. `hold`: answers nothing until it is set."""

    def __init__(self):
        self.requests = []  # (headers, body)
        self.statuses = []
        self.hold = None
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                webhook.requests.append((dict(self.headers.items()), body))
                if webhook.hold:
                    webhook.hold.wait(60)
                try:
                    self.send_response(webhook.statuses.pop(0) if webhook.statuses else 200)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    pass  # who asked is gone

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keys(self):
        return [headers["Idempotency-Key"] for headers, _ in self.requests]

    def close(self):
        if self.hold:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()
