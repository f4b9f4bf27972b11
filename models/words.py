"""Title and text as one."""


def whole_text(title: str, text: str) -> str:
    """What a report says in all: its title on a line of its own, and its text. A title that the text begins with is
    not said twice."""
    return text if not title or text.startswith(title) else f"{title}\n{text}"
