"""/ws/events/: that something changed, in what this person may see; the page then asks for what it shows."""

import asyncio
import json
from typing import Any

from channels.db import database_sync_to_async

from webapp.hosts.models import Host
from webapp.jobs.broadcast import EVERYBODY, group_of
from webapp.live import credentials
from webapp.live.credentials import Credential
from webapp.live.sockets import GuardedConsumer
from webapp.problems import Forbidden
from webapp.teams.models import Project
from webapp.teams.policy import Actor

GATHER_SECONDS = 0.15  # what changes twice within it is told once
MAX_GATHERED = 500  # things; beyond it the oldest wait is cut short by dropping: the page asks again anyway


class EventsConsumer(GuardedConsumer):
    """Frames `{"kind", "id", "state", "version"}`, one a thing and moment. Losing a project closes it with 4403."""

    channel_layer_alias = "default"
    task: asyncio.Task[None] | None = None

    async def open(self, protocol: str | None) -> None:
        seen = await database_sync_to_async(_seen_by)(self.credential)
        if seen is None:
            raise Forbidden(code="ws.denied", detail="This credential is not good any more.")
        self.projects: set[str] = set()
        self.hosts: set[str] = set()
        self.gathered: dict[tuple[str, str], dict[str, Any]] = {}
        # Before it is accepted, so that whoever asks once it is open misses nothing.
        await self.channel_layer.group_add(EVERYBODY, self.channel_name)
        await self._see(*seen)
        await self.welcome(protocol)

    async def recheck(self, actor: Actor) -> None:
        projects, hosts = await database_sync_to_async(_seen)(actor)
        if self.projects - projects and await database_sync_to_async(_exist)(self.projects - projects):
            await self.lose_right()
            return
        await self._see(projects, hosts)

    async def leave(self) -> None:
        if self.task is not None:
            self.task.cancel()
        for group in (EVERYBODY, *map(group_of, getattr(self, "projects", ()))):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def thing_changed(self, message: dict[str, Any]) -> None:
        """A signal from the channel layer. The group is no right: hosts are told only to whom they serve."""
        if self.is_closed or (not message["project"] and message["id"] not in self.hosts):
            return
        if len(self.gathered) < MAX_GATHERED:
            self.gathered[message["kind"], message["id"]] = message
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        gathered, self.gathered = self.gathered, {}
        for message in gathered.values():
            await self.tell(json.dumps({name: message[name] for name in ("kind", "id", "state", "version")}))

    async def _see(self, projects: set[str], hosts: set[str]) -> None:
        for project in projects - self.projects:
            await self.channel_layer.group_add(group_of(project), self.channel_name)
        for project in self.projects - projects:
            await self.channel_layer.group_discard(group_of(project), self.channel_name)
        self.projects, self.hosts = projects, hosts


def _seen_by(credential: Credential) -> tuple[set[str], set[str]] | None:
    actor = credentials.actor_of(credential)
    return _seen(actor) if actor is not None else None


def _seen(actor: Actor) -> tuple[set[str], set[str]]:
    """Ids of the projects and hosts that the actor may see."""
    projects = Project.objects.visible_to(actor).values_list("id", flat=True)
    return set(projects), set(Host.objects.visible_to(actor).values_list("id", flat=True))


def _exist(projects: set[str]) -> bool:
    """A project that is gone for everybody is no right lost."""
    return Project.objects.filter(id__in=projects).exists()
