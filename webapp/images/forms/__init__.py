"""Forms of images and builds: text boxes in, the verbs' definitions out."""

from webapp.images.forms.build import BuildForm
from webapp.images.forms.image import ImageForm

__all__ = ["BuildForm", "ImageForm"]
