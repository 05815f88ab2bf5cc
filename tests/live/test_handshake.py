"""Who may open a socket: section B of the refusals."""

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from tests.live.conftest import NOBODY, Browser, Quay, is_refused, opened
from webapp.audit.models import Entry
from webapp.live import tickets, warden
from webapp.logs import store
from webapp.teams.models import User

pytestmark = pytest.mark.thorough


async def test_without_a_session_it_is_refused(quay: Quay) -> None:
    for path in (quay.path, "/ws/events/"):
        assert await is_refused(NOBODY.socket(path))
    assert await Entry.objects.filter(action="ws.denied", outcome="refused").aexists()


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "http://testserver.evil.example",
        "http://evil.example/testserver",
        "http://testserver:8001",
        "http://localhost",
        "file://testserver",
        "testserver",
    ],
)
async def test_a_cookie_from_elsewhere_is_refused(quay: Quay, origin: str | None) -> None:
    browser = await quay.browser("developer")
    assert await is_refused(browser.socket(quay.path, origin=origin))
    assert await Entry.objects.filter(action="ws.origin", outcome="refused").aexists()


async def test_every_role_may_watch_and_a_stranger_or_site_admin_may_not(quay: Quay) -> None:
    for name in ("owner", "operator", "developer", "viewer"):
        async with opened((await quay.browser(name)).socket(quay.path)):
            pass
    for name in ("stranger", "admin"):
        assert await is_refused((await quay.browser(name)).socket(quay.path))
    assert await is_refused((await quay.browser("owner")).socket(f"/ws/logs/{quay.foreign.id}/"))


@pytest.mark.parametrize(
    "path", ["/ws/logs/{}/?after=-1", "/ws/logs/{}/?after=x", "/ws/logs/{}/?after=99999999999999999999"]
)
async def test_a_cursor_that_is_none_is_refused(quay: Quay, path: str) -> None:
    assert await is_refused((await quay.browser("owner")).socket(path.format(quay.log.id)))


@pytest.mark.parametrize("path", ["/ws/", "/", "/ws/logs/x/", "/ws/logs/" + "0" * 26 + "/", "/ws/terminal/x/"])
async def test_a_path_that_is_none_is_refused(quay: Quay, path: str) -> None:
    assert await is_refused((await quay.browser("owner")).socket(path))


async def test_a_spent_session_is_refused(quay: Quay) -> None:
    client = await sync_to_async(quay.cast.client)("viewer")
    await User.objects.filter(username="viewer").aupdate(is_active=False)
    assert await is_refused(Browser(client).socket(quay.path))
    await User.objects.filter(username="viewer").aupdate(is_active=True, password="changed")
    assert await is_refused(Browser(client).socket(quay.path))


@sync_to_async
def ticket_by(client: Client, path: str) -> str:
    answer = client.post("/api/v1/socket-tickets/", {"path": path}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["ticket"])


@pytest.mark.urls("tests.live.urls")
async def test_a_ticket_opens_one_socket_once_on_its_path(quay: Quay) -> None:
    client = await sync_to_async(quay.cast.bearer)("viewer", "read")
    ticket = await ticket_by(client, quay.path)
    async with opened(NOBODY.socket(f"{quay.path}?after=0", origin=None, ticket=ticket)):
        pass
    assert await is_refused(NOBODY.socket(quay.path, origin=None, ticket=ticket))
    for path in ("/ws/events/", f"/ws/logs/{quay.foreign.id}/"):
        assert await is_refused(NOBODY.socket(path, origin=None, ticket=await ticket_by(client, quay.path)))
    assert await is_refused(NOBODY.socket(quay.path, origin=None, ticket="x" * 43))


@pytest.mark.urls("tests.live.urls")
async def test_a_ticket_gives_no_more_than_its_owner_may(quay: Quay) -> None:
    client = await sync_to_async(quay.cast.bearer)("stranger")
    assert await is_refused(NOBODY.socket(quay.path, origin=None, ticket=await ticket_by(client, quay.path)))


@pytest.mark.urls("tests.live.urls")
async def test_a_ticket_does_not_excuse_a_cookie_from_elsewhere(quay: Quay) -> None:
    browser = await quay.browser("viewer")
    assert browser.client is not None
    ticket = await ticket_by(browser.client, quay.path)
    assert await is_refused(browser.socket(quay.path, origin="https://evil.example", ticket=ticket))


@pytest.mark.urls("tests.live.urls")
async def test_a_late_ticket_is_refused(quay: Quay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "TICKET_SECONDS", 1)
    client = await sync_to_async(quay.cast.bearer)("viewer")
    ticket = await ticket_by(client, quay.path)
    assert 0 < store.call("PTTL", tickets._key(ticket)) <= 1000
    store.call("PEXPIRE", tickets._key(ticket), 0)
    assert await is_refused(NOBODY.socket(quay.path, origin=None, ticket=ticket))


@pytest.mark.urls("tests.live.urls")
def test_tickets_are_for_sockets_and_for_whom_we_know(quay: Quay) -> None:
    for path in ("/api/v1/me/", "/ws/logs/../", "/ws/events/?x=1", "", 5):
        answer = quay.cast.client("viewer").post(
            "/api/v1/socket-tickets/", {"path": path}, content_type="application/json"
        )
        assert answer.status_code == 400
    assert (
        Client().post("/api/v1/socket-tickets/", {"path": "/ws/events/"}, content_type="application/json").status_code
        == 401
    )


async def test_one_person_opens_so_many_sockets_and_no_more(quay: Quay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warden, "SOCKETS_PER_PERSON", 2)
    browser, other = await quay.browser("viewer"), await quay.browser("owner")
    async with opened(browser.socket(quay.path)), opened(browser.socket(quay.path)):
        third = browser.socket(quay.path)
        await third.connect()
        assert (await third.receive_output(timeout=3))["code"] == warden.TOO_SLOW
        async with opened(other.socket(quay.path)):
            pass
    async with opened(browser.socket(quay.path)):
        pass
