"""Names of pages, made from their titles."""


def slug(title: str) -> str:
    """Return a title in lower case, with one hyphen between words and none at the ends."""
    kept = "".join(each if each.isalnum() else "-" for each in title.lower())
    return kept.replace("--", "-")
