"""The forms of a volume."""

from django import forms

from webapp.page import Form
from webapp.volumes.services.deleting import MAX_KEPT


class BackupForm(Form):
    """What those who have the volume do while it is packed."""

    quiesce = forms.ChoiceField(
        choices=[
            ("none", "go on writing"),
            ("pause", "stand still for the time"),
            ("stop", "stop, and start again afterwards"),
        ],
        label="Meanwhile its containers",
        help_text="A database whose files are packed while it writes may not start from them.",
    )


class KeepForm(Form):
    """How many backups are kept."""

    keep_backups = forms.IntegerField(min_value=1, max_value=MAX_KEPT, label="Backups kept, the newest")


class DeleteForm(Form):
    """The name, typed once more."""

    name = forms.CharField(max_length=100, label="Its name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
