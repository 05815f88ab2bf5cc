"""Sockets ask again: whoever loses the credential or the right is shown out within five seconds."""

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from tests.live.conftest import NOBODY, Browser, Quay, closed_with, opened
from tests.live.test_handshake import ticket_by
from webapp.live import warden
from webapp.live.warden import CREDENTIAL_GONE, RIGHT_LOST
from webapp.teams.models import Membership, Token, User

pytestmark = pytest.mark.thorough

PATHS = ["/ws/logs/{}/", "/ws/events/"]


def test_the_warden_looks_often_enough() -> None:
    assert warden.RECHECK_SECONDS <= 4


@pytest.mark.parametrize("path", PATHS)
async def test_a_member_who_was_removed(quay: Quay, path: str) -> None:
    async with opened((await quay.browser("viewer")).socket(path.format(quay.log.id))) as socket:
        await Membership.objects.filter(user__username="viewer").adelete()
        assert await closed_with(socket) == RIGHT_LOST


@pytest.mark.parametrize("path", PATHS)
async def test_who_keeps_a_role_stays(quay: Quay, path: str) -> None:
    async with opened((await quay.browser("operator")).socket(path.format(quay.log.id))) as socket:
        await Membership.objects.filter(user__username="operator").aupdate(role="viewer")
        assert await socket.receive_nothing(timeout=0.7)


@pytest.mark.parametrize("path", PATHS)
async def test_who_signs_out(quay: Quay, path: str) -> None:
    browser = await quay.browser("viewer")
    assert browser.client is not None
    async with opened(browser.socket(path.format(quay.log.id))) as socket:
        await sync_to_async(browser.client.logout)()
        assert await closed_with(socket) == CREDENTIAL_GONE


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
async def test_a_changed_password_or_an_account_that_is_closed(
    quay: Quay, path: str, change: dict[str, object]
) -> None:
    async with opened((await quay.browser("viewer")).socket(path.format(quay.log.id))) as socket:
        await User.objects.filter(username="viewer").aupdate(**change)
        assert await closed_with(socket) == CREDENTIAL_GONE


@pytest.mark.urls("tests.live.urls")
async def test_a_revoked_token_ends_what_its_tickets_opened(quay: Quay) -> None:
    client: Client = await sync_to_async(quay.cast.bearer)("viewer")
    ticket = await ticket_by(client, quay.path)
    async with opened(NOBODY.socket(quay.path, origin=None, ticket=ticket)) as socket:
        await Token.objects.all().adelete()
        assert await closed_with(socket) == CREDENTIAL_GONE


async def test_the_number_of_questions_does_not_grow_with_the_sockets(quay: Quay) -> None:
    browser: Browser = await quay.browser("viewer")
    async with opened(browser.socket(quay.path)), opened(browser.socket(quay.path)), opened(browser.socket(quay.path)):
        assert len(warden.warden().sockets) == 3
        assert len({socket.credential for socket in warden.warden().sockets}) == 1
    assert not warden.warden().sockets
