"""The one error a user is meant to see: plain sentences, exit status 2, no traceback."""


class InputError(Exception):
    """Something the user gave (a setting, a file, a folder) cannot be used.

    The message is one or two plain sentences: what is wrong, where, and what to do.
    """
