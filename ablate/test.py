"""`ablate test RUN...`: accuracy on the test set, the only reader of test labels."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablate import record


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
    from ablate import evaluate, trained
    from ablate.data.prepare import load_test

    run = trained.load(folder, trusted)
    images = load_test(run.config.data)
    logits = evaluate.predict(run.model, images.images, run.pixels)
    result = {
        "schema": record.SCHEMA,
        "images": len(images.labels),
        **evaluate.summary(logits, images.labels, images.classes),
    }
    record.write_json(folder / "test.json", result)
    return result
