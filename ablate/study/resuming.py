"""How to resume an interrupted run or study."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.runs.rerun_command import literal


def resuming(config: DictConfig, *folders: str) -> str:
    """A sentence: the same command resumes, with the folders that were named after the time of the start.

    Args:
        config: the configuration, with its section `hydra`.
        *folders: the keys that determine the folder.
    """
    words = " ".join(folder_words(config, *folders))
    return f"Resume with the same command and {words}" if words else "Run the same command again to resume."


def folder_words(config: DictConfig, *folders: str) -> list[str]:
    """The overrides that set these keys, of those that were named after the time of the start."""
    named = [key for key in folders if "${now" in str(_written(config, key))]
    return [f"{key}={literal(OmegaConf.select(config, key))}" for key in named]


def _written(config: DictConfig, key: str) -> Any:
    """The value of a key as it is written, with interpolations."""
    section, _, name = key.rpartition(".")
    content: Any = OmegaConf.to_container(OmegaConf.select(config, section), resolve=False)
    return content[name]
