"""`ablate test RUN...`: accuracy on the test set, the only reader of test labels."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablate import record
from ablate.errors import InputError


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser("ablate test", description="Accuracy of finished runs on the test set.")
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0"
    )
    for folder in parser.parse_args(words).runs:
        result = test(folder)
        print(f"{folder}: test accuracy {100 * result['accuracy']:.1f} % of {result['images']} images")
        for name, accuracy in result["per_class_accuracy"].items():
            print(f"  {name:<16} {100 * accuracy:5.1f} %")
    return 0


def test(folder: Path) -> dict[str, Any]:
    """Evaluate the run's weights on the test set of its data; the result is also written to `test.json`.

    Raises:
        InputError: the folder is not that of a completed run, or its data has no test set.
    """
    import torch

    from ablate import evaluate
    from ablate.data.batches import scaling
    from ablate.data.prepare import load_test, prepare
    from ablate.parts import build_model

    if record.read_run(folder)["status"] != "completed":
        raise InputError(f"{folder} is not a completed run: there is nothing to test.")
    config = record.read_config(folder)
    data = prepare(config.data)
    images = load_test(config.data)
    model = build_model(config, data)
    try:
        model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    except Exception as error:  # PyTorch raises nearly every kind on a damaged file
        raise InputError(f"{folder / 'model.pt'} does not hold this run's weights. Train the run again.") from error
    pixels = scaling(data.mean, data.std, torch.device("cpu"), torch.contiguous_format)
    logits = evaluate.predict(model, images.images, pixels)
    result = {
        "schema": record.SCHEMA,
        "images": len(images.labels),
        **evaluate.summary(logits, images.labels, images.classes),
    }
    record.write_json(folder / "test.json", result)
    return result
