"""Text from somebody else, such as the name of a file or a class, made safe to print."""

ABSENT = "—"  # stands for what there is not


def printable(text: str) -> str:
    """The text in one line, without what moves a terminal's cursor or is no text in any encoding."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def printable_lines(text: str) -> str:
    """The same of each line of a text."""
    return "\n".join(map(printable, text.splitlines()))
