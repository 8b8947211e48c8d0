"""What every option has."""

from dataclasses import dataclass

from omegaconf import MISSING


@dataclass
class Option:
    """An option of a group: the function or class it stands for."""

    _target_: str = MISSING
