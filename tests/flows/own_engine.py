"""A Docker Engine of a test's own, in a network namespace of its own, that may be killed and started again."""

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.dockerd import answers
from tests.flows.waiting import wait_for

START_SECONDS = 150  # a killed one's containers are first waited for, then ended
STOP_SECONDS = 30


def _run(*words: str, check: bool = True) -> str:
    return subprocess.run(words, check=check, capture_output=True, text=True, timeout=60).stdout


@dataclass
class OwnEngine:
    """Everything of it is below `home`. In the namespace of another engine it would take that one's bridge away."""

    home: Path
    name: str
    words: tuple[str, ...] = ()  # further ones for dockerd
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"unix://{self.home}/docker.sock"

    def make(self) -> None:
        """The namespace, with a loopback; the engine makes its own bridge in it."""
        self.home.mkdir(parents=True, exist_ok=True)
        _run("ip", "netns", "add", self.name)
        _run("ip", "-n", self.name, "link", "set", "lo", "up")

    def start(self) -> None:
        """Start and wait for its first answer; one that gives up over what the killed one left is started again."""
        self._spawn()
        wait_for("the engine to answer", self._answers, seconds=START_SECONDS)

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            self._spawn()
        return answers(self.address)

    def _spawn(self) -> None:
        daemon = shutil.which("dockerd") or "/usr/sbin/dockerd"
        (self.home / "pid").unlink(missing_ok=True)
        places = {"--data-root": "root", "--exec-root": "exec", "--pidfile": "pid"}
        words = [word for name, place in places.items() for word in (name, f"{self.home}/{place}")]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.name}", daemon, *words, *self.words,
                 "-H", self.address, "--cgroup-parent", f"/{self.name}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Only the engine: what it runs is told nothing."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(STOP_SECONDS)
        self.process = None

    def lose_power(self) -> None:
        """The engine and everything in the namespace at once."""
        if self.process is not None:
            self.kill()
        for pid in {*_run("ip", "netns", "pids", self.name, check=False).split(), *self._contained()}:
            _run("kill", "-9", pid, check=False)
        # The number in it may be another process's soon, and the engine would take that for its own.
        (self.home / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def _contained(self) -> set[str]:
        """Processes of its containers, which live in namespaces of their own: its cgroups name them."""
        groups = Path("/sys/fs/cgroup").glob(f"**/{self.name}/**/cgroup.procs")
        return {pid for group in groups for pid in group.read_text().split()}

    def drop(self) -> None:
        """Nothing of it is left. A clean stop takes its containers and its containerd along."""
        if self.process is not None:
            self.kill(signal.SIGTERM)
        self.lose_power()
        _run("ip", "netns", "del", self.name, check=False)
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in sorted((mount for mount in mounts if mount.startswith(f"{self.home}/")), reverse=True):
            _run("umount", "-l", mount, check=False)
        shutil.rmtree(self.home, ignore_errors=True)
