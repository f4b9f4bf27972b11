"""What can be wrong with a model or with the rows it is to learn from."""

from models.errors import PaidanError


class ClassifierError(PaidanError):
    """A model, or a file of labelled texts, cannot be used; the text says why in one sentence."""
