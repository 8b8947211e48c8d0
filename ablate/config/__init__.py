"""The configuration: its schema, what a key may hold (`field`), and the checks before anything trains (`check`)."""

from pathlib import Path

from hydra.core.config_store import ConfigStore

from ablate.config import schema
from ablate.config.check import plain, validate

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries conf/ inside the package; a checkout has it beside.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"


def register() -> None:
    """Make each dataclass of the schema known to Hydra for the defaults lists in `conf/`.

    Below `hydra/`, whose groups `--help` leaves out: nobody chooses between them.
    """
    store = ConfigStore.instance()
    for name, node in schema.nodes().items():
        store.store(group="hydra/schema", name=name, node=node)


__all__ = ["CONF", "plain", "register", "validate"]
