"""The hash of a run's configuration."""

import hashlib
import json
from collections.abc import Mapping

from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code

# Neither changes what is trained: the study is where a run is kept, the logger where its figures also go.
NOT_TRAINED = ("study", "logger")


def config_sha256(config: DictConfig, own_code: Mapping[str, str] | None = None) -> str:
    """SHA-256 of what is trained, the source of the user's own parts included.

    Interpolations are hashed as written, so that a run has the same hash on all machines.

    Args:
        config: of a run.
        own_code: SHA-256 by file of the user's own parts; None: of the files as they are now.
    """
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    trained = {str(name): value for name, value in content.items() if name not in NOT_TRAINED}
    trained["augmentation"] = list(content["augmentation"].items())  # the order of these keys is the order of the steps
    if code := user_code.hashes(content) if own_code is None else dict(own_code):
        trained["own_code"] = code
    return hashlib.sha256(json.dumps(trained, sort_keys=True).encode()).hexdigest()
