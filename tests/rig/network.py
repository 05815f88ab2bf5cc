"""A network of this machine alone: a bridge, and namespaces that hang on it by a link which can be cut and healed."""

import subprocess
from dataclasses import dataclass


def run(*words: str, check: bool = True) -> str:
    """A command of the machine, to its end."""
    return subprocess.run(words, check=check, capture_output=True, text=True, timeout=60).stdout


@dataclass(frozen=True)
class Bridge:
    """`name` begins the names of everything here (at most 8 characters); `prefix` is three numbers of its addresses."""

    name: str
    prefix: str

    @property
    def address(self) -> str:
        """This machine's own address on it."""
        return f"{self.prefix}.1"

    @property
    def network(self) -> str:
        return f"{self.prefix}.0/24"

    def up(self) -> None:
        run("ip", "link", "add", self.name, "type", "bridge")
        run("ip", "addr", "add", f"{self.address}/24", "dev", self.name)
        run("ip", "link", "set", self.name, "up")

    def down(self) -> None:
        run("ip", "link", "del", self.name, check=False)

    def address_of(self, number: int) -> str:
        return f"{self.prefix}.{10 + number}"

    def join(self, namespace: str, number: int) -> None:
        """The namespace, which exists, gets an address on the bridge."""
        end = self._end(number)
        run("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        run("ip", "link", "set", end, "master", self.name, "up")
        run("ip", "-n", namespace, "addr", "add", f"{self.address_of(number)}/24", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        run("ip", "-n", namespace, "route", "add", "default", "via", self.address)

    def cut(self, number: int) -> None:
        run("ip", "link", "set", self._end(number), "down")

    def heal(self, number: int) -> None:
        run("ip", "link", "set", self._end(number), "up")

    def _end(self, number: int) -> str:
        return f"{self.name}-{number}"
