"""What one aspect of how a service runs has to say: how it is checked, described, put into a form and taken out of it.

An aspect is one member of a service's settings. Each has a file of its own; `aspects.ASPECTS` names them all.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from webapp.findings import Findings

Values = Mapping[str, Any]
AS_ABOVE = "as above"


class Aspect:
    """The base of every aspect. What a form's box cannot say is None: nothing is said, the default holds."""

    name: ClassVar[str]  # of the member in the settings
    default: ClassVar[Any]  # what holds where nothing is said; never changes, as releases were frozen with it
    schema: ClassVar[Mapping[str, Any]]  # JSON schema, for the API's description
    section: ClassVar[str]  # title of the form's section in which its boxes stand
    carries: ClassVar[Mapping[str, str]]  # path of a finding within the settings -> the box that shows it
    always: ClassVar[bool] = False  # a release says it even where it is the default

    def clean(self, findings: Findings, value: object, at: str) -> Any:
        """The value as it is kept; what is wrong with it is noted at its path."""
        raise NotImplementedError

    def whole(self, value: Any) -> Any:
        """The value with what is left out in it."""
        return value

    def joined(self, everywhere: Any, there: Any) -> Any:
        """What holds in an environment that says `there`."""
        return there

    def boxes(self) -> dict[str, forms.Field]:
        """Its boxes by name, made anew."""
        raise NotImplementedError

    def shown(self, value: Any) -> Values:
        """What stands in the boxes for this value."""
        raise NotImplementedError

    def carried(self, given: Values, former: Any) -> Any:
        """The value that the boxes say; None when they say nothing. What has no box stays as it was `former`ly."""
        raise NotImplementedError

    def unsaid(self) -> Any:
        """The value whose boxes are shown for a service that says nothing."""
        return self.default

    def shown_there(self, value: Any, everywhere: Any) -> Values:
        """What stands in the boxes of an environment that says `value`."""
        return self.shown(value)

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> Any:
        """The value that the boxes of an environment say, where empty is as everywhere; None when all are empty."""
        return self.carried(given, former)

    def box_there(self, name: str, box: forms.Field) -> None:
        """Make a box of everywhere one of an environment."""
        box.required, box.initial, box.help_text = False, None, ""
        if isinstance(box, forms.ChoiceField):
            offered = [choice for choice in box.widget.choices if choice[0]]
            box.choices = [("", AS_ABOVE), *offered]
        else:
            box.widget.attrs["placeholder"] = AS_ABOVE
        if isinstance(box.widget, forms.Textarea):
            box.widget.attrs["rows"] = 2
