"""Who has a hand in a plan beside the one who asks for it: nobody approves their own change."""

from webapp.deployments.authorship import authors_of_content, authors_of_hosts, frozen_of, secrets_changed
from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.planning.gathering import Wish, desired_of
from webapp.deployments.planning.plans import Content, Plan
from webapp.environments.models import Environment, Secret
from webapp.teams.models import User


def authors(*, service: Service, environment: Environment, wish: Wish, plan: Plan) -> set[str]:
    """Ids of the people who last changed what this plan brings against what runs there now.

    A release that has succeeded there was looked at then, so that going back to it is the requester's change alone.
    """
    desired = desired_of(service, environment)
    before = desired.release if desired is not None else None
    found = authors_of_hosts(plan, environment)
    if isinstance(wish.runs, Release):
        return found | _of_release(wish.runs)
    found |= authors_of_content(
        plan.content,
        image=wish.runs.image_id,
        before=before,
        changed_by=frozen_of(service, wish.goes_on).changed_by,
        environment=environment,
    )
    return found | _of_secrets(plan.content, before)


def names_of(deployment: Deployment) -> list[str]:
    """The authors of its plan by their names, as people see them."""
    return sorted(User.objects.filter(id__in=deployment.authors).values_list("username", flat=True))


def _of_release(release: Release) -> set[str]:
    """Those of its former plans, as long as none of them was carried out."""
    asked = Deployment.objects.filter(release=release)
    if asked.filter(state="succeeded").exists():
        return set()
    return {person for authors in asked.values_list("authors", flat=True) for person in authors}


def _of_secrets(content: Content, before: Release | None) -> set[str]:
    """Where nothing ran before, a secret's first version is part of setting up, as the first settings are."""
    came, went = secrets_changed(content, before)
    set_by = Secret.objects.filter(id__in=came)
    if before is None:
        set_by = set_by.filter(version__gt=1)
    people = [*set_by.values_list("created_by", flat=True)]
    people += Secret.objects.filter(id__in=went).values_list("retired_by", flat=True)
    return {person for person in people if person is not None}
