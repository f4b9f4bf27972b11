"""The categories of a city: `categories.csv`, read alike for the pack and for the classifier that learns them."""

from models.city.files.csv_table import read_table
from models.city.files.errors import Problems
from models.city.values import Category

FILE = "categories.csv"


def read_categories(content: bytes, problems: Problems) -> list[Category]:
    """The rows in their order, each with its merge group: its own, else its parent, else itself. Mistakes go to
    `problems`.
    """
    return [
        row if row.group else row.model_copy(update={"group": row.parent or row.code})
        for row in read_table(FILE, content, Category, problems)
    ]
