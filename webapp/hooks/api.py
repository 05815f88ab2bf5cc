"""REST of hooks and their deliveries. What code hosts send comes in elsewhere: door.py."""

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.hooks import services
from webapp.hooks.bodies import DeliveryRow, DeliveryShown, HookChange, HookMade, HookShown, NewHook
from webapp.hooks.events import KINDS
from webapp.hooks.models import Delivery, Hook
from webapp.images.models import Image
from webapp.rest.filtering import By, narrowed
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams.policy import Action, require


class Hooks(Listed, Shown, RoomViewSet):
    """Who may say that something was pushed, and what is built then."""

    serializer_class = HookShown
    filters = {
        "project": By("image__project_id", kind="id"),
        "image": By("image_id", kind="id"),
        "kind": By("kind", choices=KINDS),
        "name": By("name"),
    }

    def rows(self) -> QuerySet[Hook]:
        return Hook.objects.visible_to(self.actor).select_related("image__project__team")

    @extend_schema(request=NewHook, responses={201: HookMade})
    def create(self, request: Request) -> Response:
        """A hook of an image from Git. Its secret is in this answer only."""
        body = self.body(NewHook)
        rows = Image.objects.visible_to(self.actor).select_related("project__team")
        image = visible(rows, body.pop("image"))
        hook, secret = services.create_hook(actor=self.actor, image=image, **body)
        return self._told(hook, secret)

    @extend_schema(request=HookChange, responses=HookShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given."""
        hook = self.found(id)
        require(self.actor, Action.OPERATE, hook.image.project)
        return self.shown(services.change_hook(actor=self.actor, hook=hook, **self.body(HookChange)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """End it; what it built stays."""
        services.delete_hook(actor=self.actor, hook=self.found(id))
        return Response(status=204)

    @extend_schema(request=NothingSerializer, responses={201: HookMade})
    def secret(self, request: Request, id: str) -> Response:
        """A new secret in place of the old one. It is in this answer only."""
        self.body(NothingSerializer)
        hook = self.found(id)
        secret = services.renew_secret(actor=self.actor, hook=hook)
        return self._told(self.found(id), secret)

    def _told(self, hook: Hook, secret: str) -> Response:
        context = {**self.get_serializer_context(), "secret": secret}
        return Response(HookMade(hook, context=context).data, status=201)


class Deliveries(RoomViewSet):
    """What a hook was told lately."""

    serializer_class = DeliveryShown
    more_problems = (422,)

    def rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.visible_to(self.actor).select_related("hook__image__project__team", "redelivery_of")

    @extend_schema(responses=DeliveryRow(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, newest first; 200 of them are kept, for thirty days."""
        hook = visible(Hook.objects.visible_to(self.actor), id)
        rows = Delivery.objects.filter(hook=hook).defer("body", "headers", "push")
        page = self.paginate_queryset(narrowed(rows, request.query_params, self.filters))
        return self.get_paginated_response(DeliveryRow(page, many=True).data)

    @extend_schema(responses=DeliveryShown)
    def retrieve(self, request: Request, id: str, delivery: str) -> Response:
        """What was sent and answered."""
        return self.shown(self._of(id, delivery))

    @extend_schema(request=NothingSerializer, responses={202: DeliveryRow})
    def redelivery(self, request: Request, id: str, delivery: str) -> Response:
        """Hear it again, as the hook is now: it is judged anew, and builds anew."""
        self.body(NothingSerializer)
        found = self._of(id, delivery)
        heard = services.redeliver(actor=self.actor, delivery=found)
        return Response(DeliveryRow(heard.delivery).data, status=202)

    def _of(self, id: str, delivery: str) -> Delivery:
        hook = visible(Hook.objects.visible_to(self.actor), id)
        return visible(self.rows().filter(hook=hook), delivery)


urlpatterns = [
    path("hooks/", Hooks.as_view({"get": "list", "post": "create"}), name="api_hooks"),
    path(
        "hooks/<id>/",
        Hooks.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="api_hook",
    ),
    path("hooks/<id>/secret/", Hooks.as_view({"post": "secret"}), name="api_hook_secret"),
    path("hooks/<id>/deliveries/", Deliveries.as_view({"get": "list"}), name="api_hook_deliveries"),
    path("hooks/<id>/deliveries/<delivery>/", Deliveries.as_view({"get": "retrieve"}), name="api_hook_delivery"),
    path(
        "hooks/<id>/deliveries/<delivery>/redelivery/",
        Deliveries.as_view({"post": "redelivery"}),
        name="api_hook_redelivery",
    ),
]
