"""What this host's engine holds, told over the link: its images when they changed, its disk use now and then.

Where the builder's cache is larger than it may be, it is trimmed before it is told.

Both questions have a lane of their own: an engine that counts its disk for a minute must not look dead meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from runtime.contract.link import (
    MAX_IMAGES_HELD,
    MAX_VOLUMES_HELD,
    DiskHeld,
    ImageHeld,
    ImagesHeld,
    VolumeHeld,
    VolumesHeld,
)
from runtime.contract.names import ID, LABEL_BUILD, LABEL_INSTANCE, LABEL_VOLUME, LOCAL_NAMES
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError
from runtime.engine.values import HeldImage
from runtime.engine.volumes import CountedVolume
from runtime.worker.cache_trimming import trim

LOOK_SECONDS = 20.0  # between two lists of images
SAY_AGAIN_SECONDS = 300.0  # a list that did not change is said again this often
COUNT_SECONDS = 300.0  # between two counts of the disk

Stocked = ImagesHeld | DiskHeld | VolumesHeld
Tell = Callable[[Stocked], Awaitable[bool]]

logger = logging.getLogger(__name__)


class Stock:
    """Lives on one event loop. `tell` answers whether it was sent."""

    def __init__(self, *, engine: Engine, instance: str, tell: Tell, cache_bytes: int = 0) -> None:
        self._engine = engine
        self._cache_bytes = cache_bytes  # 0: the builder's cache is not touched
        self._instance = instance
        self._tell = tell
        self._told: ImagesHeld | None = None
        self._told_at = 0.0
        self._stirred = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled."""
        await asyncio.gather(self._keep_listing(), self._keep_counting())

    def again(self) -> None:
        """There is a new link, which has heard nothing yet."""
        self._told = None
        self._stirred.set()

    async def _keep_listing(self) -> None:
        lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="images")
        try:
            while True:
                self._stirred.clear()
                await self._list(lane)
                await self._pause(LOOK_SECONDS)
        finally:
            lane.shutdown(wait=False, cancel_futures=True)

    async def _list(self, lane: ThreadPoolExecutor) -> None:
        held = await asyncio.get_running_loop().run_in_executor(lane, self._images)
        due = time.monotonic() - self._told_at > SAY_AGAIN_SECONDS
        if held is not None and (held != self._told or due) and await self._tell(held):
            self._told, self._told_at = held, time.monotonic()

    async def _keep_counting(self) -> None:
        lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        try:
            while True:
                use = await asyncio.get_running_loop().run_in_executor(lane, self._disk)
                sent = use is not None and await self._tell(use)
                if sent and (held := await asyncio.get_running_loop().run_in_executor(lane, self._volumes)):
                    await self._tell(held)
                await asyncio.sleep(COUNT_SECONDS if sent else LOOK_SECONDS)
        finally:
            lane.shutdown(wait=False, cancel_futures=True)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            pass

    def _images(self) -> ImagesHeld | None:
        try:
            return images_held(self._engine.list_images(labels={}), instance=self._instance)
        except EngineError as error:
            logger.info("the images were not listed: %s", error)
            return None

    def _volumes(self) -> VolumesHeld | None:
        try:
            return volumes_held(self._engine.count_volumes(instance=self._instance))
        except EngineError as error:
            logger.info("the volumes were not counted: %s", error)
            return None

    def _disk(self) -> DiskHeld | None:
        try:
            use = self._engine.disk_use()
            if 0 < self._cache_bytes < use.build_cache:
                freed = trim(self._engine, keep=self._cache_bytes, now_ns=time.time_ns())
                use = self._engine.disk_use() if freed else use
        except EngineError as error:
            logger.info("the disk was not counted: %s", error)
            return None
        return DiskHeld(images=use.images, containers=use.containers, volumes=use.volumes, build_cache=use.build_cache)


def volumes_held(counted: list[CountedVolume]) -> VolumesHeld:
    """Those whose label is an id, and whose size was counted."""
    return VolumesHeld(
        volumes=[
            VolumeHeld(volume=one.volume.labels[LABEL_VOLUME], size=one.size)
            for one in counted
            if one.size is not None and ID.fullmatch(one.volume.labels.get(LABEL_VOLUME, ""))
        ][:MAX_VOLUMES_HELD]
    )


def images_held(images: list[HeldImage], *, instance: str) -> ImagesHeld:
    """Of what the engine holds that which bears our label, or a name that only Slipway gives."""
    ours = [one for one in images if one.labels.get(LABEL_INSTANCE) == instance or any(map(_is_local, one.tags))]
    newest = sorted(ours, key=lambda one: (-one.created_ns, one.image_id))
    return ImagesHeld(images=[_held(one) for one in newest[:MAX_IMAGES_HELD]], whole=len(ours) <= MAX_IMAGES_HELD)


def _is_local(tag: str) -> bool:
    return tag.startswith(LOCAL_NAMES)


def _held(image: HeldImage) -> ImageHeld:
    build = image.labels.get(LABEL_BUILD, "")
    return ImageHeld(image_id=image.image_id, size=image.size, build=build if ID.fullmatch(build) else "")
