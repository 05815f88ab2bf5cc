"""`python -m tests.edge.acme_authority FOLDER`, in network and mount namespaces of its own, where it may have port 80.

An authority that speaks ACME (Caddy has one built in), an edge with a site whose TLS is automatic, and a client that
trusts that authority alone: prints the names of the certificate that the client was shown.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

from runtime.edge.base import Place
from runtime.edge.caddy import CaddyEdge
from runtime.edge.caddy_config import Doors
from runtime.edge.files import folder_in
from tests.edge.bench import EdgeBench, EdgeProcess, Servers
from tests.waiting import until

NAME = "shop.acme-test.example"
PORT = 7443
DIRECTORY = f"https://localhost:{PORT}/acme/local/directory"
PLACE = Place("01service", "01environment")


def main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n")
    subprocess.run(["mount", "--bind", str(folder / "hosts"), "/etc/hosts"], check=True)
    root = folder / "authority" / "pki" / "authorities" / "local" / "root.crt"
    authority = _authority(folder)
    doors = Doors(address="127.0.0.1", http=80, https=443, acme_directory=DIRECTORY)
    home = folder / "home"
    home.mkdir()
    process = EdgeProcess(home, doors, more={"SLIPWAY_EDGE_ACME_DIRECTORY": DIRECTORY, "SSL_CERT_FILE": str(root)})
    try:
        until(root.is_file)
        process.start()
        bench = EdgeBench(edge=CaddyEdge(folder=folder_in(home), doors=doors), servers=Servers())
        bench.edge.settle(PLACE, bench.site(NAME, tls="automatic"), [])
        shown: list[str] = []
        until(lambda: _verified(root, shown), seconds=60)
        print("\n".join(shown))
    finally:
        if process.running is not None:
            process.kill(signal.SIGTERM)
        authority.terminate()
        authority.wait(20)


def _authority(folder: Path) -> subprocess.Popen[bytes]:
    site = {"handle": [{"handler": "acme_server", "ca": "local"}]}
    server = {"listen": [f"127.0.0.1:{PORT}"], "protocols": ["h1", "h2"], "routes": [site]}
    server |= {"automatic_https": {"disable": True}, "tls_connection_policies": [{}]}
    policy = {"subjects": ["localhost"], "issuers": [{"module": "internal"}]}
    apps = {
        "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        "tls": {"automation": {"policies": [policy]}, "certificates": {"automate": ["localhost"]}},
        "http": {"servers": {"authority": server}},
    }
    storage = {"module": "file_system", "root": str(folder / "authority")}
    (folder / "authority.json").write_text(json.dumps({"admin": {"disabled": True}, "storage": storage, "apps": apps}))
    own = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "authority"),
        "XDG_CONFIG_HOME": str(folder / "authority"),
    }
    with (folder / "authority.log").open("wb") as log:
        return subprocess.Popen(
            ["caddy", "run", "--config", str(folder / "authority.json")],
            env={"PATH": os.environ["PATH"], **own},
            stdout=log,
            stderr=log,
        )


def _verified(root: Path, shown: list[str]) -> bool:
    context = ssl.create_default_context(cafile=str(root))
    try:
        with (
            socket.create_connection(("127.0.0.1", 443), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            found: Any = secure.getpeercert()
    except OSError:
        return False
    shown += [name for _, name in found["subjectAltName"]]
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
