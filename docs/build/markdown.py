"""What the generated pages have in common: text as Markdown takes it."""


def cell(text: str | None) -> str:
    """Return `text` as it may stand in a table: on one line, with nothing that ends a cell."""
    return " ".join((text or "").split()).replace("|", r"\|").replace("<", "&lt;")
