"""What every request gets: an id, the client's address, and (for pages) the actor of its session."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from webapp.ids import new_id
from webapp.rest.client import address_of
from webapp.teams.models import User
from webapp.teams.policy import Actor, actor_for_user

HEADER = "X-Request-ID"
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
API_PREFIX = "/api/"  # authenticates by itself: a token there never falls back to the cookie

GetResponse = Callable[[HttpRequest], HttpResponse]


class SlipwayRequest(HttpRequest):
    """What the middleware adds to a request; for annotations."""

    actor: Actor | None
    request_id: str
    client_ip: str


class RequestIdMiddleware:
    """`request.request_id`, also in the answer's header. One that a proxy of ours gave is kept."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SlipwayRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        trusted = settings.TRUSTED_PROXIES > 0 and GIVEN_ID.fullmatch(given)
        request.request_id = given if trusted else new_id()
        request.client_ip = address_of(request.META)
        response = self.get_response(request)
        response.headers[HEADER] = request.request_id
        return response


class ActorMiddleware:
    """`request.actor`: who is signed in, with the roles they hold now; None for nobody."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SlipwayRequest) -> HttpResponse:
        request.actor = None
        if not request.path.startswith(API_PREFIX) and isinstance(request.user, User) and request.user.is_active:
            request.actor = actor_for_user(request.user, ip=request.client_ip, request_id=request.request_id)
        return self.get_response(request)
