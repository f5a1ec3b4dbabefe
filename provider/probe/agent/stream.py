"""Answers on standard output, one JSON object a line, and the end of everything when nobody listens any more."""

import json
import os
import select
import sys
import threading
import time

HEARTBEAT_SECONDS = 2


class Stream:
    """Writes lines whole, from any thread, and remembers when the run began."""

    def __init__(self):
        self.started = time.monotonic()
        self.lock = threading.Lock()
        self.on_gone = []

    def elapsed(self):
        return round(time.monotonic() - self.started, 3)

    def write(self, kind, **fields):
        line = json.dumps({"kind": kind, **fields}, separators=(",", ":")) + "\n"
        try:
            with self.lock:
                sys.stdout.write(line)
                sys.stdout.flush()
        except (OSError, ValueError):
            self.gone()

    def watch(self):
        """Ends the process as soon as the session is gone: its pipe then has no reader."""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        poller = select.poll()
        poller.register(sys.stdout.fileno(), 0)
        while True:
            if any(events & (select.POLLERR | select.POLLHUP) for _, events in poller.poll(HEARTBEAT_SECONDS * 1000)):
                self.gone()
            self.write("heartbeat", at=self.elapsed())

    def gone(self):
        """Takes back what must not stay behind, and leaves."""
        for clean in self.on_gone:
            try:
                clean()
            except Exception:  # The next one must still have its turn.
                pass
        os._exit(1)
