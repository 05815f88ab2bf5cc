"""The cast stands as it says."""

from tests.cast import Cast
from webapp.audit.services import verify
from webapp.environments.models import Environment


def test_everybody_sees_what_is_theirs(cast: Cast) -> None:
    assert Environment.objects.visible_to(cast.actor("viewer")).count() == 3
    assert Environment.objects.visible_to(cast.actor("stranger")).count() == 1
    assert not Environment.objects.visible_to(cast.actor("admin")).exists()
    assert cast.host.state == "ready"
    assert verify().ok
