"""A worker host of the rig: a network namespace with an engine of its own, a worker and an agent."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.names import LABEL_INSTANCE
from tests.flows.house import ROOT, STOP_SECONDS, House
from tests.flows.own_engine import OwnEngine
from tests.rig.network import Bridge, run

PARTS = ("worker", "agent")


@dataclass
class Machine:
    """`number` counts from 1; `home` holds what its worker keeps."""

    number: int
    house: House
    bridge: Bridge
    home: Path
    engine: OwnEngine
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"h{self.number}"

    def make(self) -> None:
        """The namespace and its link."""
        self.engine.make()
        self.bridge.join(self.engine.name, self.number)
        self.home.mkdir(parents=True)

    def enroll(self, code: str) -> None:
        """As its operator does, from inside the namespace: a key, a credential and a Redis user of its own."""
        words = ["enroll", self.house.url, code, "--without-tls", "--engine", self.engine.address]
        done = subprocess.run(
            self._command(*words),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *parts: str) -> None:
        """Its worker and agent, or one of them, inside the namespace."""
        for part in parts or PARTS:
            with (self.home / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    self._command(part),
                    cwd=ROOT,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    def _command(self, *words: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.engine.name}", sys.executable, "-m", "runtime.worker", *words]

    def _environment(self) -> dict[str, str]:
        """Where it keeps what it was given, and nothing else of Slipway's."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "SLIPWAY_WORKER_HOME": str(self.home / "worker"), "PYTHONUNBUFFERED": "1"}

    def kill(self, *parts: str, how: signal.Signals = signal.SIGKILL) -> None:
        for part in parts or PARTS:
            process = self.processes.pop(part, None)
            if process is not None:
                process.send_signal(how)
                process.wait(STOP_SECONDS)

    def is_up(self, part: str) -> bool:
        return part in self.processes and self.processes[part].poll() is None

    def cut(self) -> None:
        self.bridge.cut(self.number)

    def heal(self) -> None:
        self.bridge.heal(self.number)

    def lose(self, part: float) -> None:
        """From now on so many of the packets that come in and go out are lost."""
        for chain in ("INPUT", "OUTPUT"):
            self._firewall("-A", chain, "-m", "statistic", "--mode", "random", "--probability", str(part), "-j", "DROP")

    def drop_all(self) -> None:
        """Nothing comes in any more, and nobody is told: connections stay open on both sides."""
        self._firewall("-A", "INPUT", "-i", "eth0", "-j", "DROP")

    def lose_nothing(self) -> None:
        for chain in ("INPUT", "OUTPUT"):
            self._firewall("-F", chain)

    def _firewall(self, *words: str) -> None:
        run("nsenter", f"--net=/run/netns/{self.engine.name}", "iptables", "-w", *words)

    def docker(self, *words: str) -> str:
        """What its engine's command line prints."""
        command = ["docker", "-H", self.engine.address, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def ours(self, *words: str) -> list[str]:
        """Ids of the containers that Slipway made here; with `-a` also those that do not run."""
        mine = f"label={LABEL_INSTANCE}"
        return self.docker("ps", "-q", "--no-trunc", "--filter", mine, *words).split()

    def words(self) -> str:
        """The end of what its processes printed."""
        logs = [self.home / f"{part}.log" for part in PARTS]
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in logs if log.exists())

    def drop(self) -> None:
        self.kill(how=signal.SIGKILL)
        self.engine.drop()
