"""A Hydra app whose two kinds are equally good, each at its own learning rate: a at 0.01, b at 0.1."""

import math
import random
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

BEST = {"a": 0.01, "b": 0.1, "c": 1.0}
ConfigStore.instance().store(name="config", node={"kind": "a", "lr": 0.01, "seed": 0, "fail": False})


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg: DictConfig):
    if cfg.fail and Path.cwd().joinpath("fail").exists():
        raise ValueError("asked to fail")
    noise = random.Random(f"{cfg.seed}").gauss(0, 0.01) + random.Random(f"{cfg.seed} {cfg.kind}").gauss(0, 0.002)
    return 0.8 - 0.05 * math.log10(cfg.lr / BEST[cfg.kind]) ** 2 + noise


if __name__ == "__main__":
    main()
