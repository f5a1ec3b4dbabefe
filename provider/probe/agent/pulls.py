"""Image pulls: by the host's container runtime if it lacks the image, otherwise by the agent itself."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time

from agent.facts import read
from agent.ownpull import OwnPull
from agent.runtimelog import LogPosition

K3S_CERTS = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"
CONTAINERD_CONFIG = "/etc/containerd/config.toml"
CONTAINERD_CERTS = "/etc/containerd/certs.d"
QUICK_SECONDS = 10
# containerd gives up a TLS handshake after 10 s and then reports it.
RUNTIME_GIVES_UP_SECONDS = 12
SLICE_SECONDS = 0.25
ID_NAME_SECONDS = 1.5
PATH = os.environ.get("PATH", "") + ":/usr/local/bin:/usr/sbin:/sbin"


class Crictl:
    """crictl, which asks containerd in the same way as the kubelet."""

    via = "crictl"

    def __init__(self, argv):
        self.argv = argv

    def answers(self):
        # A runtime that answers its version may still fail to list images.
        return command([*self.argv, "images", "-q"], quickly())[0] == 0

    def holds(self, image):
        return command([*self.argv, "inspecti", "-q", image], quickly())[0] == 0

    def pull(self, image, left):
        return command([*self.argv, "pull", image], left)

    def in_use(self, image):
        code, text = command([*self.argv, "ps", "-a", "-q", "--image", image], quickly())
        return code == 0 and text.strip() != ""

    def remove(self, image):
        command([*self.argv, "rmi", image], quickly())


class Ctr:
    """containerd's own client, for hosts without crictl. It reads hosts.toml only from a directory that it is given."""

    via = "ctr"

    def __init__(self, argv):
        self.argv = [*argv, "-n", "k8s.io"]
        self.hosts = certs_directory()

    def answers(self):
        return command([*self.argv, "version"], quickly())[0] == 0

    def holds(self, image):
        code, text = command([*self.argv, "images", "ls", "-q", f"name=={image}"], quickly())
        return code == 0 and text.strip() != ""

    def pull(self, image, left):
        hosts = ["--hosts-dir", self.hosts] if self.hosts else []
        return command([*self.argv, "images", "pull", *hosts, image], left)

    def in_use(self, image):
        code, text = command([*self.argv, "containers", "ls"], quickly())
        return code == 0 and image in text.split()

    def remove(self, image):
        """Removes the image, and its second name, which containerd's CRI service adds a moment later."""
        digest = self._targets().get(image)
        command([*self.argv, "images", "rm", "--sync", image], quickly())
        left = within(ID_NAME_SECONDS)
        while left() > 0:
            targets = self._targets()
            same = [name for name, target in targets.items() if target == digest]
            # If the same image has another name, somebody else uses it, and also its id.
            if any(not name.startswith("sha256:") for name in same):
                return
            for name in same:
                command([*self.argv, "images", "rm", "--sync", name], quickly())
            time.sleep(SLICE_SECONDS)

    def _targets(self):
        """Digest by image name."""
        code, text = command([*self.argv, "images", "ls"], quickly())
        rows = [line.split() for line in text.splitlines()[1:]] if code == 0 else []
        return {row[0]: row[2] for row in rows if len(row) > 2}


def certs_directory():
    """Where this host's containerd reads hosts.toml, or None."""
    if os.path.isdir(K3S_CERTS):
        return K3S_CERTS
    configured = re.search(r'^\s*config_path\s*=\s*["\']([^"\':]+)', read(CONTAINERD_CONFIG), re.MULTILINE)
    path = configured.group(1) if configured else CONTAINERD_CERTS
    return path if os.path.isdir(path) else None


def runtime():
    """The first client of a container runtime that is installed and gets an answer, or None."""
    for program, make in (
        ("k3s", lambda path: Crictl([path, "crictl"])),
        ("crictl", lambda path: Crictl([path])),
        ("ctr", lambda path: Ctr([path])),
        ("k3s", lambda path: Ctr([path, "ctr"])),
    ):
        path = shutil.which(program, path=PATH)
        if path is not None:
            client = make(path)
            if client.answers():
                return client
    return None


class Pulls:
    """All pulls of a run: every image at once, the rounds of one image after another."""

    def __init__(self, plan, contexts, stream):
        self.plan = plan
        self.contexts = contexts
        self.stream = stream
        self.lock = threading.Lock()
        self.ours = []
        self.client = None
        self.started = time.monotonic()
        self.ends_at = None

    def hurry(self, seconds):
        """Ends running pulls after `seconds`, but not before a runtime's own handshake timeout."""
        latest = max(time.monotonic() + seconds, self.started + RUNTIME_GIVES_UP_SECONDS)
        self.ends_at = latest if self.ends_at is None else min(self.ends_at, latest)

    def run(self, ends_at):
        self.ends_at = ends_at
        images = self.plan["images"]
        if not images or not self.plan["pullRounds"]:
            return
        self.client = runtime()
        self.stream.on_gone.append(self.take_back)
        workers = [threading.Thread(target=self._image, args=(image,), daemon=True) for image in images]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _image(self, image):
        by_runtime = self.client is not None and not self.client.holds(image)
        for _ in range(self.plan["pullRounds"]):
            started = time.monotonic()
            if started >= self.ends_at:
                return
            try:
                error = self._by_runtime(image) if by_runtime else self._by_agent(image)
            except Exception as failure:  # A defect of the agent must not remove the image from the results.
                error = f"the agent failed: {type(failure).__name__}: {failure}"
            self.stream.write(
                "pull",
                pull={
                    "image": image,
                    "succeeded": error is None,
                    "seconds": round(time.monotonic() - started, 3),
                    "via": self.client.via if by_runtime else "agent",
                    "error": error,
                },
            )

    def _left(self, started):
        return min(started + self.plan["pullTimeoutSeconds"], self.ends_at) - time.monotonic()

    def _by_runtime(self, image):
        """The last lines of the runtime's output when it failed, or None."""
        started = time.monotonic()
        log = LogPosition()
        with self.lock:
            self.ours.append(image)
        code, text = self.client.pull(image, lambda: self._left(started))
        self._remove(image)
        if code == 0:
            return None
        ended = f"no end after {time.monotonic() - started:.0f} s"
        said = ended if code is None else last_words(text) or f"exit code {code}"
        return "\n".join([said, *(f"containerd: {reason}" for reason in log.reasons(image) if reason not in said)])

    def _remove(self, image):
        """Removes the pulled image, unless a container uses it by now."""
        with self.lock:
            if image not in self.ours:
                return
            self.ours.remove(image)
        if self.client.holds(image) and not self.client.in_use(image):
            self.client.remove(image)

    def take_back(self):
        stop_commands()
        for image in list(self.ours):
            self._remove(image)

    def _by_agent(self, reference):
        """What failed, or None."""
        started = time.monotonic()
        # Wait as long as a runtime does: a resolver asks again after 5 s, so one lost query does not fail a pull.
        patience = max(self.plan["timeoutSeconds"], RUNTIME_GIVES_UP_SECONDS)
        context = self.contexts["large"]
        return OwnPull(reference, context, certs_directory(), lambda: self._left(started), patience).run()


COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# ctr prints progress bars and a clock, even when its output is no terminal.
PROGRESS = re.compile(r"^elapsed: |\|[-+]*\|")


def last_words(text):
    """The last lines of a client's output, without its progress bars."""
    lines = [line.strip() for line in COLOUR.sub("", text).splitlines()]
    said = [line for line in lines if line and not PROGRESS.search(line)]
    return "\n".join(said[-3:])[-600:]


running = set()


def within(seconds):
    """A function that returns the remaining seconds."""
    ends_at = time.monotonic() + seconds
    return lambda: ends_at - time.monotonic()


def quickly():
    """A time limit for a command that should end at once."""
    return within(QUICK_SECONDS)


def command(argv, left):
    """Runs a command in a new process group. Returns `(code, output)`; code is None when no time was left."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": PATH, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        return 127, str(error)
    running.add(process)
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=SLICE_SECONDS)
                return process.returncode, output.decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                if left() <= 0:
                    kill(process)
                    process.communicate()
                    return None, ""
    finally:
        running.discard(process)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stop_commands():
    for process in list(running):
        kill(process)
