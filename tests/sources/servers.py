"""Git servers on this machine: the distribution's sshd, and git's own HTTP backend behind TLS and a password."""

import base64
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

SSHD = "/usr/sbin/sshd"  # Debian: openssh-server
NAME = "git.example.org"  # by which the servers are asked for; tests lead it here
START_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """An ed25519 pair as files and servers hold it."""

    private: str
    public: str

    @classmethod
    def fresh(cls) -> "KeyPair":
        made = Ed25519PrivateKey.generate()
        private = made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        return cls(private=private, public=public)


@dataclass(kw_only=True)
class SshServer:
    """An sshd that lets in whoever is written into `authorized`, as whoever runs the tests."""

    port: int
    host_key: KeyPair
    authorized: Path
    log: Path

    def url(self, path: Path, *, name: str = NAME) -> str:
        return f"ssh://{getpass.getuser()}@{name}:{self.port}{path}"

    @property
    def known(self) -> str:
        """Its line in a known_hosts file."""
        return self.known_as(NAME)

    def known_as(self, name: str) -> str:
        return f"[{name}]:{self.port} {self.host_key.public}\n"

    def let_in(self, public: str) -> None:
        self.authorized.write_text(f"restrict {public}\n")


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Runs while the block does; its files lie in the fresh `folder`."""
    folder.mkdir(mode=0o700)
    host_key, port = KeyPair.fresh(), _free_port()
    key = folder / "host_key"
    key.touch(mode=0o600)
    key.write_text(host_key.private)
    server = SshServer(port=port, host_key=host_key, authorized=folder / "authorized", log=folder / "sshd.log")
    server.authorized.touch()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {server.authorized}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nAllowAgentForwarding no\nAllowTcpForwarding no\nLogLevel VERBOSE\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks its helper in
    with server.log.open("w") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stdout=log, stderr=log)
    try:
        _wait_for(port, server.log)
        yield server
    finally:
        process.terminate()
        process.wait(10)


@dataclass(kw_only=True)
class HttpsServer:
    """Serves the repositories below `root` to whoever signs in. `moved`: answers everything with a redirect there."""

    port: int
    root: Path
    authority: Path
    user: str = "robot"
    password: str = "let me in"
    moved: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Authorization

    def url(self, path: Path) -> str:
        return f"https://{NAME}:{self.port}/{path.relative_to(self.root)}"


@contextmanager
def https_server(folder: Path, root: Path) -> Iterator[HttpsServer]:
    """Runs while the block does. What it serves is told `http.uploadpack` by git itself."""
    folder.mkdir(mode=0o700)
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served = HttpsServer(port=server.server_address[1], root=root, authority=certificate)
    server.served = served  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        served: HttpsServer = self.server.served  # type: ignore[attr-defined]
        proof = self.headers.get("Authorization", "")
        served.asked.append((self.path, proof))
        pair = base64.b64encode(f"{served.user}:{served.password}".encode()).decode()
        if served.moved:
            self._say(302, {"Location": f"{served.moved}{self.path}"})
        elif proof != f"Basic {pair}":
            self._say(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._git(served)

    do_POST = do_GET  # noqa: N815 the library's own name

    def _git(self, served: HttpsServer) -> None:
        parts = urlsplit(self.path)
        environment = {
            "PATH": os.defpath,
            "GIT_PROJECT_ROOT": str(served.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": served.user,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200 OK").split(" ")[0])
        self._say(status, headers, content)

    def _say(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: Any) -> None:
        """Says nothing."""


def _certificate(folder: Path) -> Path:
    """A key with a certificate for NAME that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"sshd did not start: {log.read_text()} ({shutil.which(SSHD)})")
