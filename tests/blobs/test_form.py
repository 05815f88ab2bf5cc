"""The plain form goes through the real door: its body is read by the framework while it comes."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.blobs.given import DATA
from tests.cast import make_cast
from webapp.blobs.models import Upload
from webapp.rest.door import Door

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]
EDGE = b"edge-of-a-part"


def form(token: str) -> bytes:
    parts = [
        b'name="csrfmiddlewaretoken"\r\n\r\n' + token.encode(),
        b'name="archive"; filename="plain.tar.gz"\r\nContent-Type: application/gzip\r\n\r\n' + DATA,
    ]
    return b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (EDGE, part) for part in parts) + (
        b"--%s--\r\n" % EDGE
    )


def pieces(body: bytes) -> Iterator[dict[str, Any]]:
    for at in range(0, len(body), 100):
        yield {"type": "http.request", "body": body[at : at + 100], "more_body": at + 100 < len(body)}


def test_a_file_in_a_form_is_received() -> None:
    cast = make_cast()
    browser, path = cast.client("developer"), f"/projects/{cast.project.id}/uploads/"
    found = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get(path).content.decode())
    assert found is not None
    body = form(found[1])
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    headers = {"host": "testserver", "cookie": cookies, "content-length": str(len(body)),
               "content-type": f"multipart/form-data; boundary={EDGE.decode()}"}  # fmt: skip
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": "", "scheme": "http",
             "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}  # fmt: skip
    coming, answers = pieces(body), []

    async def receive() -> Any:
        message = next(coming, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(Door()(scope, receive, send))
    assert answers[0]["status"] == 302, answers[1]["body"][:500]
    assert Upload.objects.get().name == "plain.tar.gz"
