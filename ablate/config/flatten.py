"""A configuration as dotted keys."""

from typing import Any

from omegaconf import DictConfig, OmegaConf


def flat(config: DictConfig, resolve: bool = True) -> dict[str, Any]:
    """The configuration as dotted keys and plain values, the form in which trackers list hyperparameters.

    Without `resolve` interpolations stay as written.
    """

    def dotted(node: Any, prefix: str) -> Any:
        for name, value in node.items():
            key = f"{prefix}{name}"
            yield from dotted(value, f"{key}.") if isinstance(value, dict) else [(key, value)]

    return dict(dotted(OmegaConf.to_container(config, resolve=resolve), ""))
