"""The errors whose message is all that a user needs to see."""


class Told(Exception):
    """An error whose message says all that a user needs: one or two plain sentences."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the sentence, not the calls that led to it."""
        return [f"{type(self).__name__}: {self}"]


class InputError(Told):
    """Something the user gave (a setting, a file, a folder) cannot be used: what is wrong, where, and what to do."""


class RunFailed(Told):
    """A run that was started from Python ended without a result; those beside it are finished."""
