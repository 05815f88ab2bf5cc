"""The engine port: what Slipway needs of a container engine, in the engine's own resource words.

Every call ends within `CALL_TIMEOUT` or raises; what takes longer has a time limit of its own, and streams (`logs`,
`events`, `build`, transfers) end when told to. Errors are translated once, by the implementation, into the classes of
`runtime.engine.errors`. Times are UNIX nanoseconds of the engine's clock.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from runtime.contract.link import EngineFacts
from runtime.contract.reports import Layer
from runtime.engine.values import (
    BuildEvent,
    BuildRequest,
    CacheRecord,
    Change,
    Container,
    ContainerPlan,
    DiskUse,
    EngineEvent,
    FileStat,
    HeldImage,
    Image,
    LogEntry,
    Pulled,
    Pushed,
    RegistryLogin,
    TransferLine,
)
from runtime.engine.volumes import Volumes

CALL_TIMEOUT = 30.0
CANCEL_WITHIN = 3.0
MAX_LOG_BATCH = 2000
MAX_CHANGES = 10_000


class LogStream(Protocol):
    """An open log. Iterating gives what each read returned, in batches of 1 to `MAX_LOG_BATCH`
    entries.

    It ends when the log does or after `close`, and raises `EngineUnavailable` when the engine
    broke off.
    """

    def __iter__(self) -> Iterator[list[LogEntry]]: ...

    def close(self) -> None:
        """Ends the iteration from any thread, at once. Done twice is done once."""


class EventStream(Protocol):
    """Open events. Ends after `close`; raises `EngineUnavailable` when the engine broke off."""

    def __iter__(self) -> Iterator[EngineEvent]: ...

    def close(self) -> None:
        """Ends the iteration from any thread, at once. Done twice is done once."""


class Images(Protocol):
    """The images that the engine holds, and how they come and go."""

    def image(self, reference: str) -> Image:
        """The image with this ID, digest or tag. NotFound."""

    def list_images(self, *, labels: Mapping[str, str]) -> list[HeldImage]:
        """Every image with all of these labels, oldest first. What the engine made on the way to one is left out."""

    def tag(self, image_id: str, reference: str) -> None:
        """`reference`, with a tag, names the image from now on. NotFound, BadRequest."""

    def untag(self, reference: str) -> None:
        """Removes exactly this name; gone already is fine. With an image's last name the engine frees what it holds.

        Conflict when it is the last name and a container uses the image, BadRequest for an ID.
        """

    def remove_image(self, image_id: str) -> None:
        """Removes the image of exactly this ID, with its names by digest, never by force; gone already is fine.

        Conflict while it has a tag, a container (running or not) uses it or another image stands on it; BadRequest for
        anything but a whole ID.
        """

    def layers(self, image_id: str) -> list[Layer]:
        """What the image is made of, oldest first. NotFound."""

    def files(self, image_id: str, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
        """The files of the image at these paths, and those below where a path is a folder, as far as they are there.

        A path that holds more than `limit` bytes is left out. Nothing of the image runs. NotFound: no such image.
        """

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        """Builds, and ends in `Built`. Polls `cancelled` from the calling thread; WorkCancelled
        within `CANCEL_WITHIN`.

        BuildFailed (what the Dockerfile did), BuildTimeout, EngineUnavailable, DiskFull. Nothing
        of the build runs on after any of them.
        """

    def pull(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pulled]:
        """Fetches an image from its registry, and ends in `Pulled`.

        WorkCancelled, TransferTimeout, RegistryRefused, NotInRegistry, RegistryUnreachable, RegistryLimited,
        BadRequest, DiskFull, EngineUnavailable.
        """

    def push(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pushed]:
        """Sends the image of that name to its registry, and ends in `Pushed`. Raises what `pull` does; NotFound when
        nothing here has the name.
        """

    def save(self, references: Sequence[str], *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        """The images with their names and layers as one archive, piece by piece. NotFound, WorkCancelled,
        TransferTimeout.
        """

    def load(self, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float) -> list[str]:
        """Takes in what `save` gave: the IDs of the images. BadRequest for anything else, WorkCancelled,
        TransferTimeout, DiskFull.
        """

    def commit(
        self,
        container: str,
        *,
        tag: str,
        author: str,
        message: str,
        labels: Mapping[str, str],
        cancelled: Callable[[], bool],
        timeout: float,
    ) -> str:
        """Makes an image, named `tag`, of what the container holds; its ID. The container stands still for a moment.

        The image has the settings of the container's own image, with these labels on top: nothing that the container
        was started with (variables, labels, command) comes along. Volumes are not in it.
        NotFound, EngineTimeout, WorkCancelled, WorkTimeout, DiskFull.
        """

    def disk_use(self) -> DiskUse:
        """How much the engine holds. It may take the engine a while to count."""

    def build_cache(self) -> list[CacheRecord]:
        """What the builder keeps for later builds; empty where it keeps that as images."""

    def drop_cache(self, record_id: str) -> bool:
        """Removes exactly this record; False when it stays, since a build or another record needs it, or is gone."""


class Networks(Protocol):
    """The networks of environments."""

    def ensure_network(self, name: str, *, labels: Mapping[str, str]) -> None:
        """A bridge network of that name exists. Conflict when one exists that does not carry our
        instance's label.
        """

    def remove_network(self, name: str, *, instance: str) -> bool:
        """Removes the network if it is this instance's and unused; False when it stays or was not
        there.
        """


class Containers(Protocol):
    """Containers, one at a time; those that carry our label, as a list."""

    def create(self, plan: ContainerPlan) -> str:
        """Creates the container; its full ID. Conflict when the name is taken, NotFound without
        image, network or volume.
        """

    def start(self, container_id: str) -> None:
        """Starts it, or lets it go on where it is paused; running already is fine. NotFound, PortTaken,
        BadRequest (e.g. no such command).
        """

    def stop(self, container_id: str, *, timeout: int) -> None:
        """Stop signal, and kill after `timeout` seconds; stopped or gone already is fine."""

    def pause(self, container_id: str) -> None:
        """Its processes stand still, until it is started; paused already is fine. NotFound, Conflict when it does not
        run.
        """

    def restart(self, container_id: str, *, timeout: int) -> None:
        """Stops and starts it. NotFound."""

    def rename(self, container_id: str, name: str) -> None:
        """Conflict when the name is taken, NotFound."""

    def remove(self, container_id: str) -> None:
        """Removes it, running or not, with its anonymous volumes; gone already is fine."""

    def container(self, container: str) -> Container:
        """By ID or exact name. NotFound."""

    def list_managed(self, *, instance: str, labels: Mapping[str, str] | None = None) -> list[Container]:
        """Every container with our instance's label (and these), running or not, oldest first. All
        others are invisible.
        """

    def diff(self, container: str) -> list[Change]:
        """The paths that are not as in its image, in order, at most `MAX_CHANGES`. NotFound."""

    def stat(self, container: str, path: str) -> FileStat:
        """What lies at this path in the container; a link is not followed. NotFound."""


class Streams(Protocol):
    """What containers say, and what happens to them."""

    def logs(self, container_id: str, *, since_ns: int = 0, follow: bool = False) -> LogStream:
        """Entries after `since_ns` (the `ns` of the last one held), none twice. NotFound on
        opening.
        """

    def tail(self, container_id: str, *, lines: int) -> list[LogEntry]:
        """The last entries. NotFound."""

    def events(self, *, instance: str, since_ns: int | None = None) -> EventStream:
        """Events of our containers from now on, or from `since_ns` as far back as the engine
        remembers.
        """


class Engine(Images, Networks, Volumes, Containers, Streams, Protocol):
    """A container engine on this host."""

    def facts(self) -> EngineFacts:
        """What it is and what it can do."""

    def close(self) -> None:
        """Lets go of the engine's connections."""
