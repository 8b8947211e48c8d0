"""`ablate test RUN...`: accuracy on the test set, the only reader of test labels."""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from ablate import bounded, record, trust
from ablate.errors import InputError

if TYPE_CHECKING:
    from torch import nn

USED = ("data", "model", "normalization", "activation")  # groups of a configuration that a model is built from


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser("ablate test", description="Accuracy of finished runs on the test set.")
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0"
    )
    parser.add_argument(
        "--trust", action="store_true", help="also run code that a run's configuration names and this package has not"
    )
    given = parser.parse_args(words)
    for folder in given.runs:
        result = test(folder, given.trust)
        print(f"{folder}: test accuracy {100 * result['accuracy']:.1f} % of {result['images']} images")
        for name, accuracy in result["per_class_accuracy"].items():
            print(f"  {name:<16} {100 * accuracy:5.1f} %")
    return 0


def test(folder: Path, trusted: bool = False) -> dict[str, Any]:
    """Evaluate the run's weights on the test set of its data; the result is also written to `test.json`.

    Raises:
        InputError: the folder is not that of a completed run, or its data has no test set; or its configuration names
            what is not of this package, and is not `trusted`.
    """
    if record.read_run(folder)["status"] != "completed":
        raise InputError(f"{folder} is not a completed run: there is nothing to test.")
    config = record.read_config(folder, trusted)
    if lacking := [name for name in USED if not isinstance(config.get(name), DictConfig)]:
        raise InputError(f"The configuration of {folder} has no {lacking[0]}: it is not a run's. Train the run again.")
    trust.check(OmegaConf.masked_copy(config, list(USED)), folder, trusted)  # the rest is not built

    import torch

    from ablate import evaluate
    from ablate.data.batches import scaling
    from ablate.data.prepare import load_test, prepare
    from ablate.parts import build_model

    data = prepare(config.data)
    images = load_test(config.data)
    model = build_model(config, data)
    _load(model, folder / "model.pt")
    pixels = scaling(data.mean, data.std, torch.device("cpu"), torch.contiguous_format)
    logits = evaluate.predict(model, images.images, pixels)
    result = {
        "schema": record.SCHEMA,
        "images": len(images.labels),
        **evaluate.summary(logits, images.labels, images.classes),
    }
    record.write_json(folder / "test.json", result)
    return result


def _load(model: "nn.Module", path: Path) -> None:
    """Put the weights in a file, of which there may be no more than the model can take, into the model."""
    import torch

    most = 2 * sum(weights.nbytes for weights in model.state_dict().values()) + bounded.MIB
    try:
        content = bounded.contents(path, most)
        bounded.check_unpacked(path, content, most)
        model.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except InputError:
        raise
    except Exception as error:  # PyTorch raises nearly every kind on a damaged file
        raise InputError(f"{path} does not hold this run's weights. Train the run again.") from error
