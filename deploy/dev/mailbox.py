"""The development system's mail server: takes every e-mail, keeps it as a file, sends nothing on.

    mailbox.py serve PORT FOLDER     until SIGTERM
    mailbox.py show FOLDER [TEXT]    the newest e-mail (with TEXT in it), as its reader sees it
"""

import email
import email.policy
import itertools
import pathlib
import signal
import sys
import threading


def serve(port, folder):
    from aiosmtpd.controller import Controller

    folder.mkdir(parents=True, exist_ok=True)
    first = max((int(path.stem) for path in folder.glob("*.eml")), default=0) + 1
    numbers = itertools.count(first)

    class Keep:
        async def handle_DATA(self, _server, _session, envelope):
            path = folder / f"{next(numbers):06}.eml"
            path.with_suffix(".new").write_bytes(envelope.content)
            path.with_suffix(".new").rename(path)
            return "250 kept"

    controller = Controller(Keep(), hostname="127.0.0.1", port=port, server_hostname="localhost")
    controller.start()
    done = threading.Event()
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: done.set())
    print(f"keeping e-mails in {folder}", flush=True)
    done.wait()
    controller.stop()


def body(message):
    part = message.get_body(("plain", "html"))
    return part.get_content() if part else ""


def show(folder, wanted):
    for path in sorted(folder.glob("*.eml"), reverse=True):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        words = f"From: {message['from']}\nTo: {message['to']}\nSubject: {message['subject']}\n\n{body(message).strip()}"
        if wanted in words:
            print(words)
            return 0
    return 1


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "serve":
        return serve(int(arguments[1]), pathlib.Path(arguments[2]))
    if len(arguments) in (2, 3) and arguments[0] == "show":
        return show(pathlib.Path(arguments[1]), arguments[2] if len(arguments) == 3 else "")
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
