"""The event socket: that something changed, to those who may see it."""

import pytest
from asgiref.sync import sync_to_async

from tests.live.conftest import Quay, frame, opened
from webapp.hosts.models import Host
from webapp.jobs.broadcast import changed
from webapp.teams.models import Project

pytestmark = pytest.mark.thorough

tell = sync_to_async(changed)


async def test_a_change_reaches_who_may_see_it(quay: Quay) -> None:
    async with opened((await quay.browser("viewer")).socket("/ws/events/")) as socket:
        await tell(kind="build", id="b1", state="building", project_id=quay.cast.project.id)
        event = await frame(socket)
        assert (event.pop("version") > 0, event) == (True, {"kind": "build", "id": "b1", "state": "building"})


async def test_a_stranger_and_a_site_admin_hear_nothing_of_a_project(quay: Quay) -> None:
    for name in ("stranger", "admin"):
        async with opened((await quay.browser(name)).socket("/ws/events/")) as socket:
            await tell(kind="build", id="b1", state="building", project_id=quay.cast.project.id)
            assert await socket.receive_nothing(timeout=0.4)


async def test_what_changes_often_is_told_once_as_it_is_at_last(quay: Quay) -> None:
    async with opened((await quay.browser("viewer")).socket("/ws/events/")) as socket:
        for state in ("queued", "claimed", "building"):
            await tell(kind="build", id="b1", state=state, project_id=quay.cast.project.id)
        assert (await frame(socket))["state"] == "building"
        assert await socket.receive_nothing(timeout=0.4)


async def test_hosts_are_told_to_those_whom_they_serve(quay: Quay) -> None:
    hidden = await Host.objects.acreate(name="hidden", credential_digest="1" * 64)
    async with opened((await quay.browser("viewer")).socket("/ws/events/")) as socket:
        await tell(kind="host", id=hidden.id, state="ready", project_id=None)
        await tell(kind="host", id=quay.cast.host.id, state="unknown", project_id=None)
        assert (await frame(socket))["id"] == quay.cast.host.id
        assert await socket.receive_nothing(timeout=0.4)


async def test_a_new_project_is_heard_of_soon_and_a_deleted_one_ends_nothing(quay: Quay) -> None:
    async with opened((await quay.browser("viewer")).socket("/ws/events/")) as socket:
        made = await Project.objects.acreate(team=quay.cast.team, slug="new", name="New")
        assert await socket.receive_nothing(timeout=0.6)
        await tell(kind="image", id="i1", state="defined", project_id=made.id)
        assert (await frame(socket))["id"] == "i1"
        await made.adelete()
        assert await socket.receive_nothing(timeout=0.6)
