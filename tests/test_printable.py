"""Names that hold what no terminal should be told."""

from ablate.printable import printable, printable_lines


def test_control_characters_are_spelled_out():
    assert printable("é 日\x1b\udcff") == r"é 日\x1b\udcff"
    assert printable_lines("a\x1b\nb") == "a\\x1b\nb"
