"""The fake engine's images: names that move, registries that hold them, archives that carry them."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runtime.contract.names import DIGEST
from runtime.contract.references import BadReference, Reference
from runtime.contract.reports import Layer
from runtime.engine.errors import (
    Conflict,
    EngineError,
    EngineUnavailable,
    NotFound,
    RegistryUnreachable,
    WorkCancelled,
    WorkTimeout,
)
from runtime.engine.fake_archives import Packed, packed, unpacked
from runtime.engine.fake_build import FakeBuilder
from runtime.engine.fake_calls import FakeCalls
from runtime.engine.fake_registry import FakeRegistry, Manifest
from runtime.engine.image_names import exact, parsed, tagged, whole_id
from runtime.engine.values import (
    BuildEvent,
    BuildRequest,
    CacheRecord,
    DiskUse,
    HeldImage,
    Image,
    Pulled,
    Pushed,
    RegistryLogin,
    TransferLine,
)

POLL_SECONDS = 0.02
PIECE = 512


@dataclass(frozen=True, slots=True)
class _Held:
    image: Image
    layers: tuple[Layer, ...]
    created_ns: int
    digests: tuple[str, ...] = ()


class FakeImages(FakeCalls):
    """See `Images`. What the port leaves open is decided as the Docker Engine does."""

    def __init__(self) -> None:
        super().__init__()
        self.registries: dict[str, FakeRegistry] = {}
        self.builder = FakeBuilder(has_image=self._has_image, fetch=self._fetch_base, keep=self._keep_built)
        self._held: dict[str, _Held] = {}
        self.cache: dict[str, CacheRecord] = {}  # of its builder, by their IDs
        self.cache_needed: set[str] = set()  # records that others stand on
        self.inside: dict[str, bytes] = {}  # files that every image has, by path

    def add_image(
        self, *, tag: str, labels: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None
    ) -> Image:
        """An image that is simply there."""
        image_id = "sha256:" + hashlib.sha256(tag.encode()).hexdigest()
        image = Image(
            image_id=image_id, size=1, tags=(tag,), labels=dict(labels or {}), variables=dict(variables or {})
        )
        self._hold(image, (Layer(instruction="ADD", size=1),))
        return image

    def image(self, reference: str) -> Image:
        with self._call("image", reference):
            return self._find_image(reference).image

    def list_images(self, *, labels: Mapping[str, str]) -> list[HeldImage]:
        with self._call("list_images", ""):
            return [
                HeldImage(
                    image_id=held.image.image_id,
                    tags=held.image.tags,
                    digests=held.digests,
                    size=held.image.size,
                    created_ns=held.created_ns,
                    labels=held.image.labels,
                )
                for held in sorted(self._held.values(), key=lambda held: held.created_ns)
                if held.image.labels.items() >= labels.items()
            ]

    def tag(self, image_id: str, reference: str) -> None:
        name = tagged(reference).familiar
        with self._call("tag", reference):
            self._give_name(self._find_image(image_id).image.image_id, name)

    def untag(self, reference: str) -> None:
        name = exact(reference).familiar
        with self._call("untag", reference):
            held = self._named_image(name)
            if held is None:
                return
            left = [one for one in (*held.image.tags, *held.digests) if one != name]
            if not left and self._is_used(held.image.image_id):
                raise Conflict("a container uses the image")
            self._take_name(name)
            if not self._find_image(held.image.image_id).image.tags:
                del self._held[held.image.image_id]

    def remove_image(self, image_id: str) -> None:
        whole_id(image_id)
        with self._call("remove_image", image_id):
            held = self._held.get(image_id)
            if held is None:
                return
            if held.image.tags or self._is_used(image_id):
                raise Conflict("the image has a name, or a container uses it")
            del self._held[image_id]

    def files(self, image_id: str, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
        with self._call("files", image_id):
            self._find_image(image_id)
            below = tuple(f"{path}/" for path in paths)
            found = {path: data for path, data in self.inside.items() if path in paths or path.startswith(below)}
            return {path: data for path, data in found.items() if len(data) <= limit}

    def layers(self, image_id: str) -> list[Layer]:
        with self._call("layers", image_id):
            return list(self._find_image(image_id).layers)

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        with self._call("build", request.tag):
            events = self.builder.build(request, cancelled=cancelled)
        for event in events:
            if self.unavailable:
                raise EngineUnavailable("the engine broke off")
            yield event

    def pull(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pulled]:
        name = parsed(reference)
        with self._call("pull", reference):
            registry = self._registry(name)
        _wait_for(registry, cancelled=cancelled, timeout=timeout)
        manifest = registry.give(name, credential)
        yield TransferLine(text=f"Pulling from {name.repository}")
        yield Pulled(image=self._pulled(name, manifest), digest=manifest.digest)

    def push(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pushed]:
        name = tagged(reference)
        with self._call("push", reference):
            held = self._find_image(reference)
            registry = self._registry(name)
        _wait_for(registry, cancelled=cancelled, timeout=timeout)
        yield TransferLine(text=f"The push refers to repository [{name.name}]")
        digest = registry.take(name, Manifest(held.image, held.layers), credential)
        self._know_digest(held, name, digest)
        yield Pushed(digest=digest)

    def save(self, references: Sequence[str], *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        with self._call("save", " ".join(references)):
            told = [self._packed(reference) for reference in references]
        archive = packed(told)
        for start in range(0, len(archive), PIECE):
            if cancelled():
                raise WorkCancelled("it was cancelled")
            yield archive[start : start + PIECE]

    def load(self, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float) -> list[str]:
        pieces = []
        for piece in archive:
            if cancelled():
                raise WorkCancelled("it was cancelled")
            pieces.append(piece)
        with self._call("load", ""):
            told = unpacked(b"".join(pieces))
            for one in told:
                self._hold(Image(image_id=one.image_id, size=one.size, labels=one.labels), one.layers)
                for name in one.names:
                    self._give_name(one.image_id, name)
            return list(dict.fromkeys(one.image_id for one in told))

    def disk_use(self) -> DiskUse:
        with self._call("disk_use", ""):
            images = sum(held.image.size for held in self._held.values())
            cache = sum(record.size for record in self.cache.values() if not record.shared)
            return DiskUse(images=images, containers=0, volumes=0, build_cache=len(self.builder.known) + cache)

    def build_cache(self) -> list[CacheRecord]:
        with self._call("build_cache", ""):
            return list(self.cache.values())

    def drop_cache(self, record_id: str) -> bool:
        with self._call("drop_cache", record_id):
            record = self.cache.get(record_id)
            if record is None or record.in_use or record_id in self.cache_needed:
                return False
            del self.cache[record_id]
            return True

    def _is_used(self, image_id: str) -> bool:
        """Does a container use the image?"""
        return False

    def _registry(self, name: Reference) -> FakeRegistry:
        if name.registry not in self.registries:
            raise RegistryUnreachable(f"lookup {name.registry}: no such host")
        return self.registries[name.registry]

    def _pulled(self, name: Reference, manifest: Manifest) -> Image:
        image_id = manifest.image.image_id
        with self.changed:
            if image_id not in self._held:
                self._hold(replace(manifest.image, tags=()), manifest.layers)
            if name.digest is None:
                self._give_name(image_id, name.familiar)
            self._know_digest(self._held[image_id], name, manifest.digest)
            return self._held[image_id].image

    def _packed(self, reference: str) -> Packed:
        held = self._find_image(reference)
        names = [] if DIGEST.fullmatch(reference) else [parsed(reference).familiar]
        image = held.image
        return Packed(image.image_id, image.size, names, dict(image.labels), held.layers)

    def _find_image(self, reference: str) -> _Held:
        if reference in self._held:
            return self._held[reference]
        try:
            held = self._named_image(Reference.parse(reference).familiar)
        except BadReference:
            held = None
        if held is None:
            raise NotFound(f"no such image: {reference}")
        return held

    def _named_image(self, name: str) -> _Held | None:
        return next((held for held in self._held.values() if name in (*held.image.tags, *held.digests)), None)

    def _has_image(self, reference: str) -> bool:
        try:
            self._find_image(reference)
        except NotFound:
            return False
        return True

    def _fetch_base(self, reference: str, logins: Mapping[str, RegistryLogin]) -> bool:
        """Pulls what a build starts from; False when its registry does not give it."""
        try:
            name = Reference.parse(reference)
            manifest = self._registry(name).give(name, logins.get(name.registry))
        except (BadReference, EngineError):
            return False
        self._pulled(name, manifest)
        return True

    def _keep_built(self, request: BuildRequest, image_id: str, layers: list[Layer]) -> None:
        size = sum(layer.size for layer in layers)
        self._hold(Image(image_id=image_id, size=size, labels=dict(request.labels)), tuple(layers))
        self._give_name(image_id, tagged(request.tag).familiar)

    def _hold(self, image: Image, layers: tuple[Layer, ...]) -> None:
        """The image is there; one that was there already keeps its names."""
        known = self._held.get(image.image_id)
        tags = tuple(dict.fromkeys((*(known.image.tags if known else ()), *image.tags)))
        created = known.created_ns if known else time.time_ns()
        digests = known.digests if known else ()
        self._held[image.image_id] = _Held(replace(image, tags=tags), layers, created, digests)

    def _give_name(self, image_id: str, name: str) -> None:
        """The name moves here, from wherever it was."""
        self._take_name(name)
        held = self._held[image_id]
        self._held[image_id] = replace(held, image=replace(held.image, tags=(*held.image.tags, name)))

    def _know_digest(self, held: _Held, name: Reference, digest: str) -> None:
        now = self._held[held.image.image_id]
        known = Reference(name.registry, name.repository, digest=digest).familiar
        self._held[held.image.image_id] = replace(now, digests=tuple(dict.fromkeys((*now.digests, known))))

    def _take_name(self, name: str) -> None:
        """The name names nothing any more."""
        for held in list(self._held.values()):
            digests = tuple(one for one in held.digests if one != name)
            tags = tuple(one for one in held.image.tags if one != name)
            self._held[held.image.image_id] = replace(held, image=replace(held.image, tags=tags), digests=digests)


def _wait_for(registry: FakeRegistry, *, cancelled: Callable[[], bool], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        if cancelled():
            raise WorkCancelled("it was cancelled")
        if not registry.silent:
            return
        if time.monotonic() > deadline:
            raise WorkTimeout("the registry took longer than it may")
        time.sleep(POLL_SECONDS)
