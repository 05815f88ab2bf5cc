"""A plan, and the facts that one is made from: plain values. Approvals bind a plan by its hash."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["deploy", "promotion", "rollback", "scale", "restart", "stop", "start", "move", "restore", "evacuation"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the planner's values."""


class TakenRoute(Frozen, frozen=True, kw_only=True):
    """A route that something else has on a host. `ours`: it is the same team's, so its holder has a name here."""

    host: str
    path: str
    tls: str
    holder: str
    ours: bool


class HostFacts(Frozen, frozen=True, kw_only=True):
    """A host of the environment, or one where the service still runs."""

    id: str
    name: str
    state: str  # hosts.models.Host.state
    in_environment: bool = True
    serves_team: bool = True
    holds_image: bool = True  # or can fetch it
    cannot: str = ""  # what its engine lacks of what is asked, as the end of a sentence
    taken_ports: Mapping[str, str] = {}  # "8080/tcp" -> who holds it there
    has_edge: bool = True
    taken_routes: Sequence[TakenRoute] = ()
    labels: Mapping[str, str] = {}
    max_replicas: int | None = None  # what replicas may take of it together; None: no bound
    max_cpus: float | None = None
    max_memory: int | None = None  # bytes
    used_replicas: int = 0  # by everything but this service in this environment
    used_cpus: float = 0.0
    used_memory: int = 0


class Content(Frozen, frozen=True, kw_only=True):
    """What a release freezes."""

    build: str
    build_number: int
    digest: str
    config_digest: str
    settings: Mapping[str, Any]
    variables: Mapping[str, str] = {}
    secrets: Mapping[str, Mapping[str, Any]] = {}  # NAME -> {"id", "version"}


class Copy(Frozen, frozen=True, kw_only=True):
    """A replica as it is wanted now. `same`: it is of the content that is asked for, so its container may stay."""

    replica: str
    index: int
    host: str
    desired: Literal["running", "stopped"] = "running"
    same: bool = False


class Before(Frozen, frozen=True, kw_only=True):
    """What the environment runs of the service now."""

    release: str
    number: int
    build_number: int
    replicas: int
    stopped: bool = False


class Carried(Frozen, frozen=True, kw_only=True):
    """A volume that goes along, by its id. `index` as in the volume: 0 is shared; `others` have it too, in words."""

    volume: str
    name: str
    host: str
    index: int
    others: Sequence[str] = ()


class PlanRequest(Frozen, frozen=True, kw_only=True):
    """Everything a plan depends on."""

    kind: Kind
    service: str
    environment: str
    content: Content
    replicas: int
    build_state: str = "succeeded"
    hosts: Sequence[HostFacts] = ()
    copies: Sequence[Copy] = ()
    before: Before | None = None
    stopped: bool = False
    only: str | None = None  # restart, stop, start: this replica alone
    refused: Sequence[str] = ()  # why the isolation that is asked for is not allowed now
    to: str = ""  # move: the host where it goes
    carried: Sequence[Carried] = ()  # move: the replica's volumes; restore: the one whose data becomes the backup's
    backup: str = ""  # restore: its id
    backup_said: str = ""
    pins: Mapping[int, Mapping[str, str]] = {}  # index -> its volumes by name -> the host that has them
    shared_pins: Mapping[str, str] = {}  # shared volumes by name -> the host that has them
    certified: Sequence[str] = ()  # names for which the project has a certificate that is good now
    without: str | None = None  # scale: this replica is the one that goes
    leaving: tuple[str, ...] = ()  # evacuation: the hosts that are left, heard or not


class PlannedReplica(Frozen, frozen=True, kw_only=True):
    """One copy after the step. `replica` is '' for one still to be made."""

    index: int
    replica: str = ""
    desired: Literal["running", "stopped"] = "running"
    restart: bool = False


class HostStep(Frozen, frozen=True, kw_only=True):
    """What one host is asked for; `before` is what it is to go back to."""

    host: str
    name: str
    words: str
    replicas: tuple[PlannedReplica, ...] = ()
    before: tuple[PlannedReplica, ...] = ()
    told: bool = True  # False: it is not heard, and is left without a word until it is
    until: Literal["stopped", "proved", "done"] = "done"  # as in runtime.contract.orders.ConvergeService
    act: Literal["converge", "back_up", "restore"] = "converge"
    volume: str = ""  # back_up, restore: of which one
    leaving: bool = False  # as there


class Placed(Frozen, frozen=True, kw_only=True):
    """Why a copy is where it is."""

    index: int
    host: str
    why: str


class Plan(Frozen, frozen=True, kw_only=True):
    """The exact plan: people approve this, and nothing else is carried out."""

    kind: Kind
    sentence: str
    service: str
    environment: str
    content: Content
    replicas: int
    stopped: bool
    start_first: bool
    surge: int = 1  # as in runtime.contract.orders.ConvergeService
    unavailable: int = 0
    manner: str = ""  # the three in words
    steps: tuple[HostStep, ...]
    before: Before | None = None
    only: str | None = None  # the one replica that this is about
    to: str = ""  # move: the host where it goes
    volume: str = ""  # restore: the volume whose data becomes the backup's
    backup: str = ""
    without: str | None = None  # the one replica that goes
    leaving: tuple[str, ...] = ()  # the hosts that are left
    notes: tuple[str, ...] = ()
    why: tuple[Placed, ...] = ()


def canonical(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, keys in order."""
    builtins: dict[str, Any] = msgspec.to_builtins(plan, order="deterministic")
    return builtins


def plan_hash(plan: Plan) -> str:
    """SHA-256 of the canonical JSON, hex: the same for equal plans, however their mappings are ordered."""
    return hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()


def read_plan(stored: Mapping[str, Any]) -> Plan:
    """A plan from what `canonical` gave."""
    return msgspec.convert(stored, type=Plan)
