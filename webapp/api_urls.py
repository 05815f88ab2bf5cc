"""Every path of the REST API: the rooms' own lists, gathered. A room is added by its import and one line here."""

from webapp.audit import api as audit
from webapp.blobs import api as blobs
from webapp.certificates import api as certificates
from webapp.deploykeys import api as deploykeys
from webapp.deployments import api as deployments
from webapp.deployments import api_carrying, certified, isolated, mounting, using
from webapp.environments import api as environments
from webapp.exports import api as exports
from webapp.hooks import api as hooks
from webapp.hosts import api as hosts
from webapp.images import api as images
from webapp.images import archived, keyed
from webapp.images.api import comparing, revisions
from webapp.images.lint import api as lint
from webapp.isolation import api as isolation
from webapp.live import api as live
from webapp.logs import api as logs
from webapp.notices import api as notices
from webapp.registries import api as registries
from webapp.rest import urls as rest
from webapp.retention import api as retention
from webapp.snapshots import api as snapshots
from webapp.snapshots import finding
from webapp.teams import api as teams
from webapp.volumes import api as volumes

urlpatterns = [
    *rest.urlpatterns,
    *teams.urlpatterns,
    *audit.urlpatterns,
    *hosts.urlpatterns,
    *environments.urlpatterns,
    *registries.urlpatterns,
    *deploykeys.urlpatterns(keyed.users),
    *certificates.urlpatterns(certified.users),
    *blobs.urlpatterns(archived.users),
    *isolation.urlpatterns(isolated.users),
    *images.urlpatterns(using.users, finding.find_container),
    *revisions.urlpatterns,
    *comparing.urlpatterns,
    *lint.urlpatterns,
    *exports.urlpatterns,
    *retention.urlpatterns,
    *hooks.urlpatterns,
    *deployments.urlpatterns,
    *api_carrying.urlpatterns,
    *volumes.urlpatterns(mounting.users),
    *snapshots.urlpatterns,
    *notices.urlpatterns,
    *logs.urlpatterns,
    *live.urlpatterns,
    *rest.last,
]
