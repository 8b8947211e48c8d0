"""A Hydra app that knows nothing of ablate: accuracy depends on the model, the dropout and the seed."""

import json
import os
import random
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig):
    noise = random.Random(cfg.seed).gauss(0, 0.01) + random.Random(f"{cfg.seed} {cfg.model.name}").gauss(0, 0.002)
    accuracy = 0.8 + cfg.model.bonus - 0.1 * cfg.dropout + noise
    folder = Path(HydraConfig.get().runtime.output_dir)
    if os.environ.get("WAIT"):
        time.sleep(float(os.environ["WAIT"]))
    if cfg.model.name == "broken":
        raise ValueError("the broken model has no layers")
    if cfg.form == "number":
        return accuracy
    if cfg.form == "json":
        (folder / "metrics.json").write_text(json.dumps({"acc": accuracy, "nested": {"loss": 1 - accuracy}}))
        return None
    if cfg.form == "csv":  # as Lightning's CSVLogger: training and validation have rows of their own
        (folder / "csv/version_0").mkdir(parents=True)
        rows = [
            f"{epoch},{10 * epoch},,{accuracy - 0.1 + 0.05 * epoch}\n{epoch},{10 * epoch},0.{9 - epoch},"
            for epoch in range(3)
        ]
        (folder / "csv/version_0/metrics.csv").write_text("\n".join(["epoch,step,train/loss,val/acc", *rows]) + "\n")
        return None
    return (
        {"acc": accuracy, "loss": 1 - accuracy}
        if cfg.form == "dict"
        else {"text": [1, 2], "none": None, "other": (1,)}.get(cfg.form)
    )


if __name__ == "__main__":
    main()
