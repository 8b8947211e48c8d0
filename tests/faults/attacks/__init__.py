"""Small files that take much memory in a reader that believes them, by the file that they replace.

Each attack maps the honest content of a file to a damaged one.
"""

from collections.abc import Callable

MIB = 2**20
Attack = Callable[[bytes], bytes]
