"""`ablate VERB ...`: each verb imports only what it needs; every error ends in plain sentences and an exit status."""

import sys
from collections.abc import Callable, Sequence

from ablate.commands.exit_status import guarded
from ablate.terminal.text import did_you_mean


def train(words: Sequence[str]) -> int:
    """Train one run, or a study."""
    from ablate.commands.train import main

    return main(words)


def plan(words: Sequence[str]) -> int:
    """What a study would run: variants, what is done, time; starts nothing."""
    from ablate.commands.plan import main

    return main(words)


def data(words: Sequence[str]) -> int:
    """What is in a data set; pictures of it, and of each augmentation."""
    from ablate.commands.data import main

    return main(words)


def status(words: Sequence[str]) -> int:
    """How far a study is."""
    from ablate.commands.status import main

    return main(words)


def watch(words: Sequence[str]) -> int:
    """A study while it runs: curves, time left, failures."""
    from ablate.commands.watch import main

    return main(words)


def report(words: Sequence[str]) -> int:
    """Tables and figures of a study."""
    from ablate.commands.report import main

    return main(words)


def test(words: Sequence[str]) -> int:
    """Accuracy on the test set: of finished runs, or of a study's choice and its baseline."""
    from ablate.commands.test import main

    return main(words)


def predict(words: Sequence[str]) -> int:
    """The class of images, as a finished run tells it."""
    from ablate.commands.predict import main

    return main(words)


def export(words: Sequence[str]) -> int:
    """A finished run's network as ONNX, TorchScript or safetensors."""
    from ablate.commands.export import main

    return main(words)


def diff(words: Sequence[str]) -> int:
    """What differs between two runs."""
    from ablate.commands.diff import main

    return main(words)


def reproduce(words: Sequence[str]) -> int:
    """Train a run again, and whether its numbers come out again."""
    from ablate.commands.reproduce import main

    return main(words)


def verify(words: Sequence[str]) -> int:
    """Whether a run's weights have the accuracy that it states."""
    from ablate.commands.verify import main

    return main(words)


def submit(words: Sequence[str]) -> int:
    """The archive to hand in, checked."""
    from ablate.commands.submit import main

    return main(words)


def completion(words: Sequence[str]) -> int:
    """Tab completion: eval "$(ablate completion bash)"."""
    from ablate.commands.completion import main

    return main(words, VERBS)


VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    verb.__name__: verb
    for verb in (
        train,
        plan,
        data,
        status,
        watch,
        report,
        test,
        predict,
        export,
        diff,
        reproduce,
        verify,
        submit,
        completion,
    )
}


def usage() -> str:
    """The verbs, a line each."""
    lines = [f"  ablate {name:<11} {verb.__doc__}" for name, verb in VERBS.items()]
    return "\n".join(["Usage: ablate VERB ...", "", *lines, "", "ablate VERB --help tells more of each."])


def main() -> int:
    """The console script: dispatch to a verb."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else 2
    verb = VERBS.get(words[0])
    if verb is None:
        print(
            f"ablate {words[0]}: there is no such verb.{did_you_mean(words[0], VERBS)} Verbs: {', '.join(VERBS)}.",
            file=sys.stderr,
        )
        return 2
    return guarded(verb, words[1:])


if __name__ == "__main__":
    raise SystemExit(main())
