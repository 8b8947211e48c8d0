"""The configuration: its schema, what a key may hold (`field`), and the checks before anything trains (`check`)."""

from dataclasses import fields

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from ablate.config import schema
from ablate.config.check import Chosen, validate
from ablate.config.folder import CONF
from ablate.config.schema.option import Option


def register() -> None:
    """Make each dataclass of the schema known to Hydra for the defaults lists in `conf/`.

    Below `hydra/`, whose groups `--help` leaves out: nobody chooses between them.
    """
    store = ConfigStore.instance()
    for name, kind in schema.nodes().items():
        store.store(group="hydra/schema", name=name, node=_node(kind))


def _node(kind: type) -> DictConfig:
    """A dataclass of the schema as a node, which lets an option have more keys than it declares.

    A part of the user's own has its own. `validate` refuses them for one of ours.
    """
    node = OmegaConf.structured(kind)
    groups = [f.name for f in fields(kind) if isinstance(f.type, type) and issubclass(f.type, Option)]
    for option in [node] if issubclass(kind, Option) else map(node._get_node, groups):
        OmegaConf.set_struct(option, False)
    return node


__all__ = ["CONF", "Chosen", "register", "validate"]
