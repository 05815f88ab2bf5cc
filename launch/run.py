"""Starting Slipway's processes in their order, each waited for until it answers."""

import asyncio
import http.client
import json
import os
from dataclasses import dataclass

from launch.commands import end_of
from launch.engine import NoEngine
from launch.engine_setup import say_engine, wait_for_engine
from launch.environment import FIRST_ADMIN, Door, control_environment, worker_environment
from launch.places import ROOT, Places
from launch.private_redis import given_redis, own_redis, set_data_aside, wait_for_redis
from launch.registry import SETTING, own_registry, say_registry
from launch.say import say, stop, title
from launch.supervise import Child, Supervisor

WEB_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.05
ANSWER_SECONDS = 5
REDIS_PATIENCE_SECONDS = 5
SERVER_ERROR = 500


@dataclass(frozen=True)
class Plan:
    """What is to run."""

    places: Places
    door: Door
    engine: Child | None
    demo: bool
    host_address: str | None
    registry: str = ""  # where Slipway's own listens; empty: there is none
    edge: str = "off"  # two ports of the edge proxy

    def control(self) -> dict[str, str]:
        """The environment of the control plane's processes."""
        told = {SETTING: self.registry} if self.registry else {}
        return control_environment(self.places, self.door) | told


async def run_slipway(plan: Plan, supervisor: Supervisor) -> None:
    """Start everything and say where it is. Returns once it runs; raises CannotGoOn when a part does not come up."""
    if plan.engine is not None:
        await supervisor.start(plan.engine)
    await _start_redis(plan, supervisor)
    sign_in = await _prepare(plan)
    try:
        await _start_servers(plan, supervisor)
    except BaseException:
        title(f"\n{sign_in}")  # the first password is told this once, also when a later part fails
        raise
    _say_where(plan, sign_in)


async def _start_servers(plan: Plan, supervisor: Supervisor) -> None:
    control = plan.control()
    await supervisor.start(_web(plan, control))
    if plan.registry:
        await supervisor.start(own_registry(await _in_environment(plan, "manage.py", "own_registry")))
        say_registry(plan.registry)
    await supervisor.start(Child("control", (str(plan.places.python), "manage.py", "control"), control))
    if plan.engine is not None:
        await _engine_answers(plan, supervisor)
    worker = worker_environment(plan.places, plan.door, host_address=plan.host_address, edge=plan.edge)
    await supervisor.start(Child("worker", (str(plan.places.python), "-m", "runtime.worker"), worker, stop_seconds=15))
    await _web_answers(plan, supervisor)
    if plan.demo:
        say("Demo", "making the demo project …")
        say("Demo", await _in_environment(plan, "manage.py", "demo"))


async def _start_redis(plan: Plan, supervisor: Supervisor) -> None:
    if given_redis():
        return
    await supervisor.start(own_redis(plan.places))
    if await asyncio.to_thread(wait_for_redis, plan.places, REDIS_PATIENCE_SECONDS):
        return
    if not supervisor.runs("redis"):
        aside = set_data_aside(plan.places)
        say("Redis", f"could not read its data; put it aside as {aside} and starting empty")
    if not await asyncio.to_thread(wait_for_redis, plan.places):
        stop(f"Redis: the private server does not answer. {end_of(supervisor.log_of('redis'))}")


async def _prepare(plan: Plan) -> str:
    """Tables, static files, first administrator, host `local`; the words for signing in."""
    database = "the one of DATABASE_URL" if os.environ.get("DATABASE_URL") else f"SQLite at {plan.places.database}"
    say("Database", database)
    answer = await _in_environment(plan, "-m", "launch.prepare", str(plan.places.credential))
    return str(json.loads(answer.splitlines()[-1])["administrator"])


async def _in_environment(plan: Plan, *words: str) -> str:
    """A step of the control plane, run to its end; what it printed. Its complaints stop the start."""
    env = plan.control()
    env |= {name: os.environ[name] for name in FIRST_ADMIN if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        str(plan.places.python),
        *words,
        env=env,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        stop(f"`{' '.join(words[:2])}` failed:\n{complaints.decode(errors='replace')[-4000:]}")
    return printed.decode().strip()


def _web(plan: Plan, env: dict[str, str]) -> Child:
    server = (str(plan.places.python), "-m", "uvicorn", "webapp.asgi:application")
    where = ("--host", plan.door.bind, "--port", str(plan.door.port))
    # The application weighs forwarded headers itself (SLIPWAY_TRUSTED_PROXIES); uvicorn would trust any local process.
    manners = ("--ws", "websockets-sansio", "--lifespan", "off", "--no-access-log", "--no-server-header")
    limits = ("--no-proxy-headers", "--timeout-graceful-shutdown", "3")
    return Child("web", (*server, *where, *manners, *limits), env)


async def _engine_answers(plan: Plan, supervisor: Supervisor) -> None:
    found = await asyncio.to_thread(wait_for_engine)
    if isinstance(found, NoEngine):
        stop(f"Engine: dockerd was started but {found.reason}. {end_of(supervisor.log_of('engine'))}")
    say_engine(found)


async def _web_answers(plan: Plan, supervisor: Supervisor) -> None:
    end = asyncio.get_running_loop().time() + WEB_SECONDS
    while not await asyncio.to_thread(_is_healthy, plan.door):
        if asyncio.get_running_loop().time() > end:
            stop(f"Pages: the web server does not answer. {end_of(supervisor.log_of('web'))}")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _is_healthy(door: Door) -> bool:
    connection = http.client.HTTPConnection(door.url.removeprefix("http://"), timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say_where(plan: Plan, sign_in: str) -> None:
    title(f"\nSlipway is up: {plan.door.url}/")
    if plan.door.reached_at() not in plan.door.url:
        title(f"From other machines: http://{plan.door.reached_at()}:{plan.door.port}/")
    title(sign_in or "Sign in with your account. (Password lost: bin/manage changepassword NAME)")
    title("Ctrl-C stops it; containers go on.")
