"""The host's edge: Caddy, kept running, and beside it who tells Caddy by name which replicas serve.

It knows nothing but what is on disk, so whatever ends and starts again finds the sites as they were.
"""

import asyncio
import ctypes
import json
import logging
import os
import shutil
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress

from runtime.edge.base import Edge, EdgeError
from runtime.edge.caddy import CaddyEdge
from runtime.edge.caddy_config import Doors, Folder, render
from runtime.edge.files import SiteFiles, folder_in
from runtime.edge.names import serve_names
from runtime.edge.none import NoEdge
from runtime.worker.alone import alone
from runtime.worker.backoff import Backoff
from runtime.worker.config import AUTHORITIES, Config, Misconfigured

CADDY = "caddy"
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
STOP_SECONDS = 5.0
PR_SET_PDEATHSIG = 1

logger = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


def edge_of(config: Config) -> Edge:
    """The edge of this host, whether it runs at this moment or not."""
    if config.doors is None:
        return NoEdge()
    return CaddyEdge(folder=folder_in(config.home), doors=config.doors)


async def run_edge(config: Config) -> None:
    """Until SIGTERM or SIGINT. Raises Misconfigured where there is no Caddy."""
    if config.doors is None or shutil.which(CADDY) is None:
        raise Misconfigured("the edge is off, or caddy is not installed.")
    with alone(config.home, "edge"):
        folder = _fresh(config)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        names = await serve_names(folder.names, SiteFiles(folder).read)
        try:
            await _keep(folder, config.doors, stop, _environment(config, folder))
        finally:
            names.close()


def _fresh(config: Config) -> Folder:
    """The folder, without the sockets of who is gone."""
    folder = folder_in(config.home)
    for left in (folder.names, folder.admin):
        left.unlink(missing_ok=True)
    return folder


async def _keep(folder: Folder, doors: Doors, stop: asyncio.Event, env: Mapping[str, str]) -> None:
    backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
    while not stop.is_set():
        since = time.monotonic()
        process = await _start(folder, doors, env)
        assuring = asyncio.ensure_future(asyncio.to_thread(_assure, folder, doors))
        await _ended(process, stop)
        assuring.cancel()
        if time.monotonic() - since > STEADY_SECONDS:
            backoff.reset()
        if not stop.is_set():
            pause = backoff.pause()
            logger.error("caddy ended (%s); it starts again in %.2f s", process.returncode, pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()


async def _start(folder: Folder, doors: Doors, env: Mapping[str, str]) -> Process:
    """Caddy with all sites as they are on disk."""
    first = folder.home / "caddy.json"
    first.write_text(json.dumps(render(doors, folder, SiteFiles(folder).all())))
    folder.admin.unlink(missing_ok=True)
    return await asyncio.create_subprocess_exec(
        CADDY,
        "run",
        "--config",
        str(first),
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )


def _environment(config: Config, folder: Folder) -> dict[str, str]:
    """All that Caddy is told of it: nothing of who this host is."""
    own = {"HOME": str(folder.home), "XDG_DATA_HOME": str(folder.data), "XDG_CONFIG_HOME": str(folder.data)}
    trusted = {AUTHORITIES: config.authorities} if config.authorities else {}
    return {"PATH": os.environ.get("PATH", os.defpath), **own, **trusted}


def _assure(folder: Folder, doors: Doors) -> None:
    """What changed while Caddy started, it is told."""
    try:
        CaddyEdge(folder=folder, doors=doors).ensure()
    except EdgeError as error:
        logger.warning("%s", error.message)


async def _ended(process: Process, stop: asyncio.Event) -> None:
    """It ended by itself, or was ended because we stop."""
    waiting = asyncio.ensure_future(process.wait())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        done, _ = await asyncio.wait({waiting}, timeout=STOP_SECONDS)
        if not done:
            with suppress(ProcessLookupError):
                process.kill()
    await waiting


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
