"""Pages of a list."""


def page(items: list[str], number: int, size: int) -> list[str]:
    """Return the items of a page. Pages count from 1."""
    first = number * size
    return items[first : first + size]


def pages(items: list[str], size: int) -> int:
    """Return how many pages a list has."""
    return len(items) // size + 1
