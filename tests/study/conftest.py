"""A study folder as `ablate train` leaves it: that of the tests of `analysis`."""

from tests.analysis.conftest import make_study  # noqa: F401
