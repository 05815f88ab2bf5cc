"""Every page, gathered from the rooms."""

from django.urls import include, path

from webapp.blobs import urls as blobs
from webapp.certificates import urls as certificates
from webapp.deploykeys import urls as deploykeys
from webapp.deployments import addresses, certified, isolated, mounting, tenants, using
from webapp.deployments.board import contents
from webapp.environments import urls as environments
from webapp.hosts import urls as hosts
from webapp.images import archived, keyed
from webapp.images import urls as images
from webapp.isolation import urls as isolation
from webapp.pages import join, views
from webapp.snapshots import finding
from webapp.teams import urls as teams
from webapp.volumes import urls as volumes

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("join/", join.ask, name="join_ask"),
    path("join/<str:code>/", join.join, name="join"),
    path("account/", views.account, name="account"),
    path("palette/", views.palette, name="palette"),
    path("", include(teams.urlpatterns(contents.contents))),  # projects/new/ before a project's own page
    path("", include("webapp.deployments.urls")),
    path("", include("webapp.snapshots.urls")),
    path("", include(images.urlpatterns(using.users, finding.find_container))),
    path("", include("webapp.exports.urls")),
    path("", include(volumes.urlpatterns(mounting.users))),
    path("", include("webapp.retention.urls")),
    path("", include("webapp.hooks.urls")),
    path("", include("webapp.notices.urls")),
    path("", include(environments.urlpatterns(addresses.routes_of))),
    path("", include("webapp.registries.urls")),
    path("", include(deploykeys.urlpatterns(keyed.users))),
    path("", include(certificates.urlpatterns(certified.users))),
    path("", include(blobs.urlpatterns(archived.users))),
    path("", include(isolation.urlpatterns(isolated.users))),
    path("", include(hosts.urlpatterns(tenants))),
    path("", include("webapp.audit.urls")),
    path("", include("webapp.logs.urls")),
    path("", include("webapp.demo.urls")),
]
