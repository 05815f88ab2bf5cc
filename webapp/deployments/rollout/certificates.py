"""The certificates that an order carries: by their ids, while the claim carries what they are."""

from collections.abc import Iterable, Mapping

from django.utils.timezone import now

from runtime.contract.routes import OwnCertificate
from webapp.certificates.models import Certificate
from webapp.deployments.models import Release
from webapp.deployments.settings.http import covers

MARK = "certificate/"


def good_names(project: str) -> tuple[str, ...]:
    """Names for which the project has a certificate that counts now."""
    found = Certificate.objects.filter(project=project).good_at(now()).values_list("hosts", flat=True)
    return tuple(sorted({name for hosts in found for name in hosts}))


def certificates_for(release: Release) -> tuple[OwnCertificate, ...]:
    """Those of the project that are for a name of the release, where it is served with its own."""
    http = release.settings.get("http")
    if not http or http["tls"] != "own":
        return ()
    rows = Certificate.objects.filter(project=release.service.project_id).good_at(now()).order_by("id")
    wanted = [route["host"] for route in http["routes"]]
    return tuple(
        OwnCertificate(certificate=row.id, secret=f"{MARK}{row.id}") for row in rows if is_for(row.hosts, wanted)
    )


def secrets_of(certificates: Iterable[OwnCertificate]) -> Mapping[str, str]:
    """What a job keeps, so that its claim carries them."""
    return {own.secret: own.certificate for own in certificates}


def is_for(names: Iterable[str], hosts: Iterable[str]) -> bool:
    """Some of these hosts is one of the names, or covered by one."""
    known = list(names)
    return any(name == host or covers(name, host) for name in known for host in hosts)
