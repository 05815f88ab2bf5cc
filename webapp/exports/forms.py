"""The form of an export."""

from django import forms

from webapp.page import Form


class ExportForm(Form):
    """How the archive is laid out."""

    layout = forms.ChoiceField(
        choices=[("docker", "Docker archive, for docker load"), ("oci", "OCI image layout, for every other tool")],
        label="Layout",
    )
