"""Something that is published without end, while something else is broken."""

import threading
import time

TURNS_A_SECOND = 20


class Flow:
    """From a thread of its own until the block is left. `publish(count)` and `finish()` are the heirs'.

    with Stream(system) as stream: break something
    """

    def __init__(self, system, a_second):
        self.system, self.a_second = system, a_second
        self.leaving = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.run, name=type(self).__name__)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.leaving.set()
        self.thread.join()
        if self.error:
            raise self.error

    def run(self):
        batch = max(1, self.a_second // TURNS_A_SECOND)
        try:
            while not self.leaving.is_set():
                self.publish(batch)
                time.sleep(batch / self.a_second)
            self.finish()
        except Exception as error:
            self.error = error
