"""Conversion of a configuration to dotted keys."""

from typing import Any

from omegaconf import DictConfig, OmegaConf


def flat(config: DictConfig, resolve: bool = True) -> dict[str, Any]:
    """Return a configuration as a flat dict with dotted keys, such as `optimizer.lr`.

    Args:
        config: the configuration.
        resolve: evaluate interpolations; otherwise they stay as written.
    """

    def dotted(node: Any, prefix: str) -> Any:
        for name, value in node.items():
            key = f"{prefix}{name}"
            yield from dotted(value, f"{key}.") if isinstance(value, dict) else [(key, value)]

    return dict(dotted(OmegaConf.to_container(config, resolve=resolve), ""))
