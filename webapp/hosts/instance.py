"""The name of this Slipway, by which its containers are told from another's on the same engine."""

from webapp.hosts.models import Installation


def instance_name() -> str:
    """The same for the life of the database. One query."""
    return Installation.objects.values_list("name", flat=True).get(id=1)
