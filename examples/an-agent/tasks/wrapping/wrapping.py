"""Text in lines of limited width."""


def wrapped(text: str, width: int) -> list[str]:
    """Return the words of a text in lines of at most `width` characters. A longer word has a line of its own."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += " " + word
    return lines
