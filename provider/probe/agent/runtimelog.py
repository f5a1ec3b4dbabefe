"""What containerd itself wrote about a failed pull: the kubelet, and crictl, tell the last of its endpoints only."""

import os
import re
import subprocess

# K3s's containerd writes a file of its own; others write to the journal.
K3S_LOG = "/var/lib/rancher/k3s/agent/containerd/containerd.log"
UNITS = ("containerd", "k3s", "k3s-agent")
MOST_BYTES = 256 * 1024
MOST_WORDS = 300
JOURNAL_SECONDS = 5
FIELD = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class LogPosition:
    """Where the log ended before a pull, so that only what is said after it counts."""

    def __init__(self, log=K3S_LOG):
        self.log = log
        self.end = size(log)
        self.cursor = None if self.end is not None else journal_cursor()

    def reasons(self, image):
        """For each endpoint that failed for an image, what containerd said: `host: error`, in its order, each once."""
        return reasons_in(self._since(), image)

    def _since(self):
        if self.end is None:
            return journal_since(self.cursor) if self.cursor else ""
        try:
            with open(self.log, "rb") as file:
                # A log that is shorter now was rotated.
                file.seek(self.end if (size(self.log) or 0) >= self.end else 0)
                return file.read(MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""


def reasons_in(text, image):
    """
    containerd says `trying next host` with the error and the host it leaves, when there is another, and `PullImage …
    failed` with the error of the last one (core/remotes/docker/resolver.go, internal/cri/server/images/image_pull.go).
    """
    name = image.split("@")[0]
    repository = name.rsplit(":", 1)[0].split("/", 1)[-1]
    found = []
    for line in text.splitlines():
        fields = {key: value.replace('\\"', '"') for key, value in FIELD.findall(line)}
        message, error = fields.get("msg", ""), fields.get("error", "")
        if "trying next host" in message and (repository in error or repository in line):
            host = fields.get("host") or (re.search(r"\bhost=(\S+)", line) or [None, "a mirror"])[1]
            said = f"{host}: {error}"
        elif "PullImage" in message and "failed" in message and repository in message:
            said = error
        else:
            continue
        said = said[:MOST_WORDS]
        if said and said not in found:
            found.append(said)
    return found


def size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def journal(*arguments):
    units = [word for unit in UNITS for word in ("-u", unit)]
    try:
        argv = ["journalctl", "--no-pager", "-q", *units, *arguments]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=JOURNAL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def journal_cursor():
    found = re.search(r"^-- cursor: (\S+)$", journal("-n", "0", "--show-cursor"), re.MULTILINE)
    return found.group(1) if found else None


def journal_since(cursor):
    return journal("-o", "cat", "--after-cursor", cursor)[-MOST_BYTES:]
