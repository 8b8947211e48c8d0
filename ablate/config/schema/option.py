"""The base class of all options."""

from dataclasses import dataclass

from omegaconf import MISSING


@dataclass
class Option:
    """An option of a group. `_target_` is the function or class that Hydra instantiates."""

    _target_: str = MISSING
