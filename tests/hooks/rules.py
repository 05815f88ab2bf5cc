"""Who may do what at the endpoints of hooks and their deliveries."""

import json
from typing import Any

from tests.cast import Cast
from tests.hooks.given import REPOSITORY, Sender, push
from tests.images.given import an_image
from tests.rest.walk import Rule
from webapp.hooks.models import Delivery
from webapp.hooks.services import create_hook, receiving


def a_git_image(cast: Cast) -> str:
    return an_image(cast, "pushed", source={"kind": "git", "url": REPOSITORY}).id


def a_new_hook(cast: Cast) -> dict[str, Any]:
    return {"image": a_git_image(cast), "name": "pushes", "kind": "github", "branches": ["main"]}


def a_form(cast: Cast) -> dict[str, Any]:
    return {"image": a_git_image(cast), "name": "pushes", "kind": "github", "branches": "main", "enabled": "on"}


def a_sender(cast: Cast) -> Sender:
    image = an_image(cast, "pushed", source={"kind": "git", "url": REPOSITORY})
    return Sender(*create_hook(actor=cast.actor("owner"), image=image, name="pushes", kind="github"))


def a_hook(cast: Cast) -> dict[str, Any]:
    return {"id": a_sender(cast).hook.id}


def other_branches(cast: Cast) -> dict[str, Any]:
    return {"branches": ["release/*"]}


def a_filter(cast: Cast) -> dict[str, Any]:
    return {"branches": "release/*", "enabled": "on"}


def a_delivery(cast: Cast) -> dict[str, Any]:
    receiving.buckets.clear()
    sender = a_sender(cast)
    body = json.dumps(push("github")).encode()
    assert sender.post(body, sender.headers(body)).status_code == 202
    return {"id": sender.hook.id, "delivery": Delivery.objects.get(hook=sender.hook).id}


def a_delivery_alone(cast: Cast) -> dict[str, Any]:
    return {"id": a_delivery(cast)["delivery"]}


EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)

RULES = (
    Rule("api_hooks", "get", EVERYBODY),
    Rule("api_hooks", "post", (404, 403, 403, 201, 201, 404), body=a_new_hook),
    Rule("api_hook", "get", MEMBERS, where=a_hook),
    Rule("api_hook", "patch", (404, 403, 403, 200, 200, 404), where=a_hook, body=other_branches),
    Rule("api_hook", "delete", (404, 403, 403, 204, 204, 404), where=a_hook),
    Rule("api_hook_secret", "post", (404, 403, 403, 201, 201, 404), where=a_hook),
    Rule("api_hook_deliveries", "get", MEMBERS, where=a_hook),
    Rule("api_hook_delivery", "get", MEMBERS, where=a_delivery),
    Rule("api_hook_redelivery", "post", (404, 403, 403, 202, 202, 404), where=a_delivery),
)
