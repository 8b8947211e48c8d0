"""The configuration: schema (`schema.py`), what a key may hold (`field.py`), checks before anything trains (`check.py`)."""

import dataclasses
import inspect

from hydra.core.config_store import ConfigStore

from ablate.config import schema


def register() -> None:
    """Make each dataclass of the schema known to Hydra as `schema/<ClassName>`, for the defaults lists in `conf/`."""
    store = ConfigStore.instance()
    for name, node in inspect.getmembers(schema, dataclasses.is_dataclass):
        store.store(group="schema", name=name, node=node)
