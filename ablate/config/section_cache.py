"""Values and objects of configurations. Those of a section that several configurations share are read once."""

import dataclasses
from typing import Any

from omegaconf import DictConfig, Node, OmegaConf


class SectionCache:
    """Reads configurations section by section; a section is a node below the root.

    Attributes:
        kept: each shared section and its values, by the identity of its node.
        objects: its object of the schema.
        checked: shared sections that were found to be valid.
    """

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Node, Any]] = {}
        self.objects: dict[int, Any] = {}
        self.checked: set[int] = set()

    def keep(self, section: Any) -> bool:
        """Share a section, which must not change from now on. False: it cannot be shared, as its values are not final.

        Values are final if there is one for each key, and no interpolation.
        """
        if id(section) in self.kept:
            return True
        if not OmegaConf.is_dict(section) or not isinstance(values := self.unresolved(section), dict):
            return False
        if "${" in repr(values) or OmegaConf.missing_keys(section):
            return False
        self.kept[id(section)] = section, values
        return True

    def values(self, config: DictConfig) -> dict[Any, Any]:
        """What `OmegaConf.to_container` returns, resolved; the values of shared sections must not be changed.

        Raises:
            OmegaConfBaseException: a key has no value.
        """
        if not self.kept:
            values: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
            return values
        return {name: self.value(config, str(name)) for name in config}

    def value(self, config: DictConfig, name: str) -> Any:
        """The values of a section, resolved, as in `values`."""
        section: Any = config._get_node(name)
        if id(section) in self.kept:
            return self.kept[id(section)][1]
        value = config[name]
        return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value

    def unresolved(self, section: Any) -> Any:
        """The values of a section, with interpolations as they are written."""
        if id(section) in self.kept:
            return self.kept[id(section)][1]
        is_whole = OmegaConf.is_config(section) and not section._is_interpolation()
        return OmegaConf.to_container(section, resolve=False) if is_whole else section._value()

    def object(self, config: DictConfig) -> Any:
        """What `OmegaConf.to_object` returns; the objects of shared sections must not be changed."""
        kind: Any = OmegaConf.get_type(config)
        known = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
        if not self.kept or not known.issuperset(map(str, config)):
            return OmegaConf.to_object(config)
        return kind(**{str(name): self._object(config, str(name)) for name in config})

    def _object(self, config: DictConfig, name: str) -> Any:
        section: Any = config._get_node(name)
        if id(section) not in self.kept:
            value = config[name]
            return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value
        if id(section) not in self.objects:
            self.objects[id(section)] = OmegaConf.to_object(section)
        return self.objects[id(section)]
