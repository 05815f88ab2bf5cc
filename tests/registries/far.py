"""A registry that is far: it speaks the API over HTTP, lets in whom it is told to, and writes down who asked."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

DIGEST = "sha256:" + "ab" * 32


@dataclass
class Far:
    """`kind`: open to all, asks for a password, or for a token that a password gets, from `realm` or from itself."""

    kind: Literal["open", "basic", "bearer"] = "open"
    user: str = "robot"
    password: str = "let me in"
    realm: str = ""
    broken: int = 0  # answer everything with this status
    repositories: dict[str, list[str]] = field(default_factory=lambda: {"shop/front": ["1", "2"]})
    manifests: dict[str, list[str]] = field(default_factory=dict)  # that may be erased
    on_erase: Callable[[], object] = bool  # called before it answers
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Authorization
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def knows(self, proof: str) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return proof == f"Basic {pair}"


@contextmanager
def serving(far: Far) -> Iterator[Far]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            proof = self.headers.get("Authorization", "")
            far.asked.append((self.path, proof))
            if far.broken:
                return self.say(far.broken, {})
            if path.path == "/token":
                scope = parse_qs(path.query).get("scope", [""])[0]
                return self.say(200, {"token": f"for:{scope}"}) if far.knows(proof) else self.say(401, {})
            if not self.let_in(proof, path.path):
                return None
            return self.content(path.path)

        def do_DELETE(self) -> None:
            repository, _, digest = urlsplit(self.path).path.removeprefix("/v2/").partition("/manifests/")
            far.asked.append((self.path, self.headers.get("Authorization", "")))
            there = far.manifests.get(repository, [])
            if far.broken or digest not in there:
                return self.say(far.broken or 404, {})
            there.remove(digest)
            far.on_erase()
            return self.say(202, {})

        do_HEAD = do_GET  # noqa: N815 the library's own name

        def let_in(self, proof: str, path: str) -> bool:
            if far.kind == "open" or (far.kind == "basic" and far.knows(proof)):
                return True
            if far.kind == "bearer" and proof.startswith("Bearer for:") and path_of(proof) in path:
                return True
            realm = far.realm or f"{far.url}/token"
            challenge = "Basic" if far.kind == "basic" else f'Bearer realm="{realm}",service="far"'
            self.say(401, {}, {"WWW-Authenticate": challenge})
            return False

        def content(self, path: str) -> None:
            if path == "/v2/":
                return self.say(200, {})
            if path == "/v2/_catalog":
                return self.say(200, {"repositories": sorted(far.repositories)})
            repository, _, _rest = path.removeprefix("/v2/").partition("/tags/list")
            if path.endswith("/tags/list") and repository in far.repositories:
                return self.say(200, {"name": repository, "tags": far.repositories[repository]})
            repository, found, tag = path.removeprefix("/v2/").partition("/manifests/")
            if found and tag in far.repositories.get(repository, []):
                return self.say(200, {}, {"Docker-Content-Digest": DIGEST})
            return self.say(404, {"errors": []})

        def say(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def log_message(self, *said: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    far.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield far
    server.shutdown()
    server.server_close()


def path_of(proof: str) -> str:
    """The repository that a token is for; what is not for one opens the door alone."""
    kind, _, rest = proof.removeprefix("Bearer for:").partition(":")
    return rest.partition(":")[0] if kind == "repository" else ""
