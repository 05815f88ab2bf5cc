"""Pages of channels and of the notices that go out by them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.notices import services
from webapp.notices.events import title_of
from webapp.notices.forms import ChangeForm, ChannelForm
from webapp.notices.models import Channel, Notice
from webapp.page import PageRequest, find, find_project, look, page, verb, way_to
from webapp.teams.policy import Action, may, require

SHOWN = 50


@look
def index(request: PageRequest, id: str) -> HttpResponse:
    """The channels of a project, and what was told lately."""
    project = find_project(request, id)
    facts = {
        "project": project,
        "channels": Channel.objects.filter(project=project),
        "rows": _paged(request, Notice.objects.filter(channel__project=project)),
        "operates": may(request.actor, Action.OPERATE, project),
    }
    return render(request, "notices/index.html", facts)


@page
def new(request: PageRequest, id: str) -> HttpResponse:
    """Make a channel; the secret of a webhook stands in the answer, this once."""
    project = find_project(request, id)
    require(request.actor, Action.OPERATE, project)
    form = ChannelForm(request.POST or None)
    if request.method == "POST":
        made = form.attempt(lambda: services.create_channel(actor=request.actor, project=project, **form.carried()))
        if made is not None:
            return _show(request, _channel(request, made[0].id), secret=made[1], made=True)
    back = reverse("notices", args=[id])
    facts = {"title": "New channel", "form": form, "say": "Make the channel", "back": back}
    facts["lead"] = "By a channel this project tells others what became of builds and deployments."
    facts["crumbs"] = [
        *way_to(project),
        (back, "Notices"),
    ]
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def show(request: PageRequest, id: str) -> HttpResponse:
    """One channel and its notices; sent, it is changed."""
    channel = _channel(request, id)
    form = ChangeForm(request.POST or None, channel=channel)
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_channel(actor=request.actor, channel=channel, **form.carried()))
        if changed is not None:
            messages.success(request, "Kept. It counts from the next notice on.")
            return redirect("channel", id)
    return _show(request, channel, form=form)


@verb
def test(request: PageRequest, id: str) -> HttpResponse:
    """Send a test, and show the answer."""
    outcome = services.send_test(actor=request.actor, channel=_channel(request, id))
    say = messages.success if outcome.ok else messages.error
    say(request, f"{'The test went out' if outcome.ok else 'The test failed'}. {outcome.said}")
    return redirect("channel", id)


@verb
def secret(request: PageRequest, id: str) -> HttpResponse:
    """A new secret in place of the old one, shown in the answer."""
    channel = _channel(request, id)
    renewed = services.renew_secret(actor=request.actor, channel=channel)
    return _show(request, _channel(request, id), secret=renewed)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """End it."""
    channel = _channel(request, id)
    services.delete_channel(actor=request.actor, channel=channel)
    messages.success(request, f"Channel {channel.name} is deleted.")
    return redirect("notices", channel.project_id)


@verb
def resend(request: PageRequest, id: str) -> HttpResponse:
    """Send one again."""
    notice = find(Notice.objects.visible_to(request.actor).select_related("channel__project__team"), id)
    services.resend(actor=request.actor, notice=notice)
    messages.success(request, "It is sent again within seconds.")
    return redirect("channel", notice.channel_id)


def _channel(request: PageRequest, id: str) -> Channel:
    return find(Channel.objects.visible_to(request.actor).select_related("project__team"), id)


def _paged(request: PageRequest, rows: Any) -> Any:
    """A page of notices, each with its line."""
    found = Paginator(rows.select_related("channel"), SHOWN).get_page(request.GET.get("page"))
    for notice in found.object_list:
        notice.title = title_of(notice.facts)
    return found


def _show(
    request: PageRequest, channel: Channel, *, form: ChangeForm | None = None, secret: str = "", made: bool = False
) -> HttpResponse:
    form = form or ChangeForm(channel=channel)
    facts: dict[str, Any] = {
        "channel": channel,
        "project": channel.project,
        "form": form,
        "secret": secret,
        "made": made,
        "rows": _paged(request, channel.notices.all()),
        "operates": may(request.actor, Action.OPERATE, channel.project),
    }
    return render(request, "notices/show.html", facts, status=form.status)
