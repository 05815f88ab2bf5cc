"""Forms of replicas' files."""

from django import forms

from webapp.page import Form

SHORT = 2000


class ImageOfReplica(Form):
    """An image of a container's files."""

    carries = {"source.author": "author", "source.message": "message"}

    slug = forms.CharField(
        max_length=SHORT,
        label="Short name of the image",
        help_text="A new one, or one that was made of a container before: that gets one more build.",
    )
    author = forms.CharField(required=False, max_length=SHORT, label="Author")
    message = forms.CharField(
        required=False,
        max_length=SHORT,
        label="Message",
        help_text="Why it was kept. It stays readable in the image, as the author does.",
    )
