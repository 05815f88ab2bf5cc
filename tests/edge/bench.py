"""A bench on which an edge is tried: servers that say their name, and the edge's own process where it is a real one."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from runtime.contract.routes import Http, Route
from runtime.edge import caddy_admin
from runtime.edge.base import Backend, Edge, Place, Site
from runtime.edge.caddy import CaddyEdge
from runtime.edge.caddy_admin import CaddyDown
from runtime.edge.caddy_config import Doors, Folder
from runtime.edge.fake import FakeEdge
from runtime.edge.files import folder_in
from tests.engine.dockerd import free_port
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PLACE = Place("01service", "01environment")
SHOP = "shop.example.com"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@dataclass
class Servers:
    """One HTTP server per name, each at an address of its own and the same port, as containers have them."""

    running: dict[str, _Server] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)  # seconds that an answer takes
    port: int = field(default_factory=free_port)

    def start(self, name: str) -> Backend:
        address = self.addresses.setdefault(name, f"127.0.{os.getpid() % 200 + 20}.{len(self.addresses) + 2}")
        slow = self.slow

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                time.sleep(slow.get(name, 0))
                body = name.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = _Server((address, self.port), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.running[name] = server
        return self.backend(name)

    def backend(self, name: str, *, up: bool | None = True, started: int = 1) -> Backend:
        return Backend(container=name, up=up, started_ns=started, address=self.addresses[name])

    def stop(self, name: str) -> None:
        server = self.running.pop(name)
        server.shutdown()
        server.server_close()

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)


@dataclass
class EdgeBench:
    """An edge, its servers, and a way to ask it."""

    edge: Edge
    servers: Servers
    doors: Doors | None = None
    folder: Folder | None = None
    process: "EdgeProcess | None" = None

    def site(self, *hosts: str, place: Place = PLACE, **changes: object) -> Site:
        routes = tuple(Route(host=host.partition("/")[0], path=f"/{host.partition('/')[2]}") for host in hosts)
        given: dict[str, object] = {"port": self.servers.port, "routes": routes, **changes}
        return Site(place=place, http=Http(**given))  # type: ignore[arg-type]

    def ask(self, host: str = SHOP, path: str = "/") -> str:
        """Who answers; its status where nobody of ours does."""
        if isinstance(self.edge, FakeEdge):
            found = [name for place in self.edge.known if host in self.edge.hosts(place)
                     for name in self.edge.serving(place)]  # fmt: skip
            return found[0] if found else "503"
        assert self.doors is not None
        connection = http.client.HTTPConnection(self.doors.address, self.doors.http, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            body = answer.read().decode()
            return body if answer.status == http.client.OK else str(answer.status)
        finally:
            connection.close()

    def answering(self, host: str = SHOP, *, times: int = 12) -> set[str]:
        """All who answer."""
        if isinstance(self.edge, FakeEdge):
            return {name for place in self.edge.known if host in self.edge.hosts(place)
                    for name in self.edge.serving(place)} or {"503"}  # fmt: skip
        return {self.ask(host) for _ in range(times)}


@dataclass
class EdgeProcess:
    """`python -m runtime.worker edge`, as the supervisor of a host starts it."""

    home: Path
    doors: Doors
    running: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)  # settings

    def start(self) -> None:
        credential = self.home / "credential"
        credential.write_text("slh_none")
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")},
            "SLIPWAY_URL": "http://127.0.0.1:1",
            "SLIPWAY_HOST_NAME": "local",
            "SLIPWAY_HOST_CREDENTIAL_FILE": str(credential),
            "SLIPWAY_WORKER_HOME": str(self.home),
            "REDIS_URL": "redis://127.0.0.1:1",
            "SLIPWAY_EDGE": f"{self.doors.http},{self.doors.https}",
            **self.more,
        }
        with (self.home / "edge.log").open("ab") as log:
            command = [sys.executable, "-m", "runtime.worker", "edge"]
            self.running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        until(self.answers)

    def answers(self) -> bool:
        assert self.running is None or self.running.poll() is None, (self.home / "edge.log").read_text()[-3000:]
        try:
            return bool(caddy_admin.configuration(folder_in(self.home).admin))
        except CaddyDown:
            return False

    def caddy(self) -> int:
        """The process id of the proxy itself."""
        assert self.running is not None
        children = Path(f"/proc/{self.running.pid}/task/{self.running.pid}/children").read_text().split()
        (pid,) = (int(child) for child in children)
        return pid

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self.running is not None
        self.running.send_signal(how)
        self.running.wait(20)
        self.running = None


@contextmanager
def real_bench(home: Path) -> Iterator[EdgeBench]:
    """Caddy, in a home of its own, at ports of its own."""
    doors = Doors(address="127.0.0.1", http=free_port(), https=free_port())
    folder = folder_in(home)
    process = EdgeProcess(home, doors)
    servers = Servers()
    process.start()
    try:
        yield EdgeBench(
            edge=CaddyEdge(folder=folder, doors=doors), servers=servers, doors=doors, folder=folder, process=process
        )
    finally:
        servers.close()
        if process.running is not None:
            process.kill(signal.SIGTERM)


@contextmanager
def fake_bench() -> Iterator[EdgeBench]:
    servers = Servers()
    try:
        yield EdgeBench(edge=FakeEdge(), servers=servers)
    finally:
        servers.close()
