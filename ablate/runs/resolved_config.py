"""`.hydra/config.yaml` with the values of interpolations that read the environment, so that it is the same anywhere."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.files import atomic
from ablate.runs.config_hash import resolved, written

FILE = Path(".hydra", "config.yaml")


def write(folder: Path, config: DictConfig) -> None:
    """Write the resolved settings into the configuration that Hydra recorded, if any of them is not as written.

    `data.root`, the study and the logger stay as written: they may differ between machines, and be private.
    """
    path, settings = folder / FILE, resolved(config)
    as_written = written(config)
    if path.exists() and any(value != _without_root(as_written)[name] for name, value in settings.items()):
        content: Any = OmegaConf.to_container(config, resolve=False)
        root = {"root": content["data"]["root"]} if "root" in content.get("data", {}) else {}
        content |= settings
        content["data"] = {**settings["data"], **root}
        atomic.write_text(path, OmegaConf.to_yaml(OmegaConf.create(content)))


def _without_root(settings: dict[str, Any]) -> dict[str, Any]:
    data = settings.get("data")
    if not isinstance(data, dict):
        return settings
    return {**settings, "data": {name: value for name, value in data.items() if name != "root"}}
