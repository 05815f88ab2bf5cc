"""Pages of hosts: capacity, what runs there, facts of the engine; enroll, drain, restrict, revoke."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp import writing
from webapp.hosts import services
from webapp.hosts.command import address_of_ours, command_for, in_the_clear
from webapp.hosts.forms import EnrollForm, RoomForm, ServingForm, SlotsForm
from webapp.hosts.models import Host
from webapp.hosts.tenants import Load, Tenants
from webapp.page import PageRequest, find, look, page, verb
from webapp.teams.policy import Actor, require_site_admin
from webapp.teams.querysets import team_ids

SHOWN_REPLICAS = 200
SHOWN_BUILDS = 50  # at work, and waiting
FILLING = (
    ("Images", "images"),
    ("What containers wrote", "containers"),
    ("Volumes", "volumes"),
    ("Build cache", "build_cache"),
)


@dataclass(frozen=True)
class Capacity:
    """What a host has of something, and how much of it is spoken for. `unit` is bytes, CPUs or slots."""

    name: str
    used: float
    total: float
    unit: str


@look
def index(request: PageRequest, tenants: Tenants) -> HttpResponse:
    """Every host that serves a team of the person."""
    return render(request, "hosts/index.html", _list(request.actor, tenants))


@look
def part(request: PageRequest, tenants: Tenants) -> HttpResponse:
    """The list as it is now."""
    return render(request, "hosts/part.html", _list(request.actor, tenants))


@page
def enroll(request: PageRequest) -> HttpResponse:
    """A new host; the command by which its machine enrolls is shown in the answer, this once."""
    teams = services.teams_to_serve(request.actor)
    if not teams:
        require_site_admin(request.actor)
    form = EnrollForm(request.POST or None, teams=teams, admin=request.actor.site_admin)
    invited: tuple[Host, services.Code] | None = None
    if request.method == "POST":
        invited = form.attempt(lambda: services.invite(actor=request.actor, now=now(), **form.cleaned_data))
    facts: dict[str, Any] = {"form": form}
    if invited is not None:
        facts |= {"host": invited[0], **_enrolling(request, invited[1])}
    return render(request, "hosts/enroll.html", facts, status=form.status)


@look
def show(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """One host."""
    return _show(request, _load(request, id), tenants)


@look
def show_part(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """One host as it is now."""
    return render(request, "hosts/now.html", _facts(request.actor, _load(request, id), tenants))


@verb
def drain(request: PageRequest, id: str) -> HttpResponse:
    """Take no new work, or take it again."""
    drained = request.POST.get("drained") == "yes"
    host = services.set_drained(actor=request.actor, host=_load(request, id), drained=drained)
    return redirect("host", host.id)


@verb
def revoke(request: PageRequest, id: str) -> HttpResponse:
    """Believe it nothing any more."""
    host = services.revoke(actor=request.actor, host=_load(request, id))
    messages.success(request, f"Host {host.name} is not believed any more.")
    return redirect("host", host.id)


@verb
def code(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """A one-time code for a machine that takes this host's place; shown this once."""
    host = _load(request, id)
    return _show(request, host, tenants, code=services.make_code(actor=request.actor, host=host, now=now()))


@verb
def serve(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """Say whom it serves."""
    host = _load(request, id)
    form = ServingForm(request.POST, every_team=host.every_team, teams=[])
    done = form.attempt(lambda: services.restrict(actor=request.actor, host=host, **form.cleaned_data))
    return redirect("host", id) if done is not None else _show(request, host, tenants, serving=form)


@verb
def slots(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """Say how many builds run there at once."""
    host = _load(request, id)
    form = SlotsForm(request.POST)
    done = form.attempt(lambda: services.set_build_slots(actor=request.actor, host=host, **form.cleaned_data))
    return redirect("host", id) if done is not None else _show(request, host, tenants, slots_form=form)


@verb
def room(request: PageRequest, id: str, tenants: Tenants) -> HttpResponse:
    """Say which labels it has, and what replicas may take of it."""
    host = _load(request, id)
    form = RoomForm(request.POST)

    def change() -> Host:
        with transaction.atomic():
            labels = writing.pairs(form.cleaned_data["labels"])
            services.set_labels(actor=request.actor, host=host, labels=labels)
            return services.set_room(actor=request.actor, host=host, room=form.room())

    done = form.attempt(change)
    return redirect("host", id) if done is not None else _show(request, host, tenants, room_form=form)


def _enrolling(request: PageRequest, code: services.Code) -> dict[str, Any]:
    """What the page says of a code."""
    return {
        "command": command_for(request, code),
        "expires_at": code.expires_at,
        "in_the_clear": in_the_clear(address_of_ours(request)),
    }


def _load(request: PageRequest, id: str) -> Host:
    return find(Host.objects.visible_to(request.actor), id)


def _list(actor: Actor, tenants: Tenants) -> dict[str, Any]:
    hosts = list(Host.objects.visible_to(actor))
    loads = tenants.loads(hosts)
    rows = [(host, load, _capacity(host, load)) for host in hosts for load in [loads.get(host.id, Load())]]
    return {"rows": rows, "enrolls": actor.site_admin or bool(services.teams_to_serve(actor))}


def _capacity(host: Host, load: Load) -> list[Capacity]:
    """As far as the host has said it."""
    facts = host.facts or {}
    total, free = facts.get("disk_total") or 0, facts.get("disk_free") or 0
    bars = [Capacity("Build slots", load.builds, host.usable_slots, "slots")]
    if total:
        bars.append(Capacity("Disk", total - free, total, "bytes"))
    used = {"replicas": load.replicas, "CPUs": load.cpus, "bytes": load.memory}
    bounds = (
        ("Replicas", "replicas", host.max_replicas),
        ("CPUs for replicas", "CPUs", host.max_cpus),
        ("Memory for replicas", "bytes", host.max_memory),
    )
    bars += [Capacity(name, used[unit], most, unit) for name, unit, most in bounds if most]
    return bars


def _filling(host: Host) -> list[Capacity]:
    """What of the disk the engine holds, by kind, as it counted it last."""
    use, total = host.disk_use, (host.facts or {}).get("disk_total") or 0
    if not use or not total:
        return []
    return [Capacity(name, use[key], total, "bytes") for name, key in FILLING]


def _show(
    request: PageRequest,
    host: Host,
    tenants: Tenants,
    *,
    code: services.Code | None = None,
    serving: ServingForm | None = None,
    slots_form: SlotsForm | None = None,
    room_form: RoomForm | None = None,
) -> HttpResponse:
    facts = _facts(request.actor, host, tenants)
    if code is not None:
        facts |= _enrolling(request, code)
    if request.actor.site_admin:
        teams = list(host.teams.values_list("id", flat=True))
        facts["serving"] = serving or ServingForm(every_team=host.every_team, teams=teams)
        facts["slots_form"] = slots_form or SlotsForm(initial={"build_slots": host.build_slots})
    if facts["operates"]:
        facts["room_form"] = room_form or RoomForm(initial=_room(host))
    status = next((form.status for form in (serving, slots_form, room_form) if form is not None), 200)
    return render(request, "hosts/show.html", facts, status=status)


def _room(host: Host) -> dict[str, Any]:
    """As the boxes show it."""
    return {
        "labels": writing.pairs_text(host.labels),
        "max_replicas": host.max_replicas,
        "max_cpus": host.max_cpus,
        "max_memory": writing.memory_text(host.max_memory),
    }


def _facts(actor: Actor, host: Host, tenants: Tenants) -> dict[str, Any]:
    """Of what runs there, only what the person may see is named; the rest is a number."""
    load = tenants.loads([host]).get(host.id, Load())
    queue, hidden = tenants.queue(host, actor=actor, limit=SHOWN_BUILDS)
    replicas, seen = tenants.seen(host, actor=actor, limit=SHOWN_REPLICAS)
    return {
        "host": host,
        "engine": host.facts or {},
        "capacity": _capacity(host, load),
        "filling": _filling(host),
        "queue": queue,
        "hidden": hidden,
        "replicas": replicas,
        "others": max(0, load.replicas - seen),
        "operates": services.may_operate(actor, host),
        "key": services.fingerprint(host.public_key) if host.public_key else "",
        "admin": actor.site_admin,
        "teams": host.teams.all() if actor.site_admin else host.teams.filter(id__in=team_ids(actor)),
    }
