"""Steps that many flow tests share, spoken through the REST API as a CI system would."""

from typing import Any

import httpx

Json = dict[str, Any]

FRONT = """FROM slipway/busybox:1
COPY index.html /www/index.html
RUN echo one && echo two
CMD ["httpd", "-f", "-v", "-p", "8080", "-h", "/www"]
"""
TICKER = """FROM slipway/busybox:1
CMD ["sh", "-c", "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.2; done"]
"""


def post(api: httpx.Client, path: str, body: Json, *, status: int = 201) -> Json:
    """POST that must be answered with this status."""
    answer = api.post(path, json=body)
    assert answer.status_code == status, f"POST {path}: {answer.status_code} {answer.text}"
    found: Json = answer.json() if answer.content else {}
    return found


def get(api: httpx.Client, path: str, **params: Any) -> Json:
    """GET that must be answered with 200."""
    answer = api.get(path, params=params)
    assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
    found: Json = answer.json()
    return found


def make_project(api: httpx.Client, *, slug: str) -> Json:
    """A team and project of this name with an unprotected environment `dev` on host `local`."""
    team = post(api, "teams/", {"slug": f"{slug}-team", "name": slug})
    project = post(api, "projects/", {"team": team["id"], "slug": slug, "name": slug})
    dev = post(
        api,
        "environments/",
        {"project": project["id"], "slug": "dev", "rank": 1, "protected": False, "hosts": ["local"]},
    )
    return {"team": team, "project": project, "dev": dev}


def make_image(api: httpx.Client, project: Json, *, slug: str, dockerfile: str, files: Json | None = None) -> Json:
    source = {"kind": "dockerfile", "dockerfile": dockerfile, "files": files or {}}
    return post(api, "images/", {"project": project["id"], "slug": slug, "source": source})


def build(api: httpx.Client, image: Json, *, wait: int = 60, **body: Any) -> Json:
    """Build and wait until it is over."""
    made = post(api, f"images/{image['id']}/builds/", body, status=202)
    return get(api, f"builds/{made['id']}/", wait=wait)


def make_service(api: httpx.Client, project: Json, image: Json, *, slug: str, **settings: Any) -> Json:
    body = {"project": project["id"], "slug": slug, "image": image["id"], **settings}
    return post(api, "services/", body)


def deploy(api: httpx.Client, service: Json, environment: Json, *, wait: int = 60, **what: Any) -> Json:
    """Deploy and wait until it is over."""
    body = {"service": service["id"], "environment": environment["id"], **what}
    made = post(api, "deployments/", body, status=202)
    return get(api, f"deployments/{made['id']}/", wait=wait)


def replicas(api: httpx.Client, service: Json, environment: Json) -> list[Json]:
    """The replicas that are wanted now."""
    found = get(api, "replicas/", service=service["id"], environment=environment["id"])
    rows: list[Json] = found["results"]
    return rows


def all_lines(api: httpx.Client, log: str) -> list[list[Any]]:
    """Every line of a log, page by page."""
    lines: list[list[Any]] = []
    while True:
        page = get(api, f"logs/{log}/lines/", after=lines[-1][0] if lines else 0, limit=1000)
        lines += page["results"]
        if not page["results"]:
            return lines


def assert_dense(lines: list[list[Any]]) -> None:
    """Numbered 1, 2, 3, … with nothing missing and nothing twice."""
    assert [line[0] for line in lines] == list(range(1, len(lines) + 1))
