"""The configuration: its schema, the valid values of a key (`field`), and checks before training (`check`)."""

from dataclasses import fields
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf

from ablate.config import schema
from ablate.config.check import Chosen, validate
from ablate.config.folder import CONF
from ablate.config.schema.option import Option


def register() -> None:
    """Register the dataclasses of the schema with Hydra, for the defaults lists in `conf/`.

    They are placed below `hydra/`, whose groups `--help` does not list.
    """
    OmegaConf.register_new_resolver("pretrained", _pretrained, replace=True)
    store = ConfigStore.instance()
    for name, kind in schema.nodes().items():
        store.store(group="hydra/schema", name=name, node=kind)
        _accept_undeclared(kind, store.repo["hydra"]["schema"][f"{name}.yaml"].node)


def _pretrained(key: str, *, _root_: DictConfig) -> Any:
    """What `${pretrained:KEY}` in a configuration stands for; code is named as in a `_target_`."""
    return get_method("ablate.model.expected_input.expected")(key, _root_)


def _accept_undeclared(kind: type, node: Any) -> None:
    """Let the options in the node of a dataclass accept undeclared keys, which user code may have.

    `validate` refuses them for the options of this package.
    """
    groups = [f.name for f in fields(kind) if isinstance(f.type, type) and issubclass(f.type, Option)]
    for option in [node] if issubclass(kind, Option) else map(node._get_node, groups):
        OmegaConf.set_struct(option, False)


__all__ = ["CONF", "Chosen", "register", "validate"]
