"""The command line `ablate COMMAND ...`. Each command imports only the modules that it needs."""

import os
import sys
from collections.abc import Callable, Sequence
from textwrap import fill

from ablate.commands.exit_status import run_command
from ablate.terminal import output, streams
from ablate.terminal.text import did_you_mean
from ablate.terminal.wrap import terminal_width


def train(arguments: Sequence[str]) -> int:
    """Train one run, or a study."""
    from ablate.commands.train import main

    return main(arguments)


def plan(arguments: Sequence[str]) -> int:
    """Print what a study would run, with a time estimate; start nothing."""
    from ablate.commands.plan import main

    return main(arguments)


def data(arguments: Sequence[str]) -> int:
    """Summarize a data set, and draw images with and without augmentation."""
    from ablate.commands.data import main

    return main(arguments)


def status(arguments: Sequence[str]) -> int:
    """Print the progress of a study."""
    from ablate.commands.status import main

    return main(arguments)


def watch(arguments: Sequence[str]) -> int:
    """Monitor a running study: learning curves, time left, failures."""
    from ablate.commands.watch import main

    return main(arguments)


def report(arguments: Sequence[str]) -> int:
    """Write the tables, figures and report of a study."""
    from ablate.commands.report import main

    return main(arguments)


def test(arguments: Sequence[str]) -> int:
    """Evaluate runs, or the best variant of a study and its baseline, on the test set."""
    from ablate.commands.test import main

    return main(arguments)


def predict(arguments: Sequence[str]) -> int:
    """Classify images with a trained run."""
    from ablate.commands.predict import main

    return main(arguments)


def export(arguments: Sequence[str]) -> int:
    """Export a trained network as ONNX, PyTorch (pt2) or safetensors."""
    from ablate.commands.export import main

    return main(arguments)


def diff(arguments: Sequence[str]) -> int:
    """Compare two runs: configuration, code, environment, results."""
    from ablate.commands.diff import main

    return main(arguments)


def reproduce(arguments: Sequence[str]) -> int:
    """Retrain a run and compare the results bit for bit."""
    from ablate.commands.reproduce import main

    return main(arguments)


def verify(arguments: Sequence[str]) -> int:
    """Check the files of a run, and that its weights have the recorded accuracy."""
    from ablate.commands.verify import main

    return main(arguments)


def submit(arguments: Sequence[str]) -> int:
    """Build and check the archive of a course submission."""
    from ablate.commands.submit import main

    return main(arguments)


def completion(arguments: Sequence[str]) -> int:
    """Print the script for tab completion: eval "$(ablate completion bash)"."""
    from ablate.commands.completion import main

    return main(arguments, VERBS)


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
    """The text of `ablate --help`: one paragraph per verb, next to its name."""
    width = max(terminal_width(), 40)
    lines = [
        fill(f"  ablate {name:<11} {verb.__doc__}", width, subsequent_indent=" " * 21) for name, verb in VERBS.items()
    ]
    return "\n".join(
        ["usage: ablate COMMAND ...", "", *lines, "", "Run `ablate COMMAND --help` for the options of a command."]
    )


def _print_usage(arguments: Sequence[str]) -> int:
    print(usage())
    return 0 if arguments else 2


def main() -> int:
    """Run the verb that is the first argument; return the exit status."""
    output.use_utf8()  # first: it starts Python again
    os.environ["PYTHONSAFEPATH"] = "1"  # other processes do not search the current folder for modules either
    arguments = sys.argv[1:]
    streams.prepare()
    output.protect(own_code=arguments[:1] == ["train"])
    if not arguments or arguments[0] in ("-h", "--help"):
        return run_command(_print_usage, arguments)
    verb = VERBS.get(arguments[0])
    if verb is None:
        suggestion = did_you_mean(arguments[0], VERBS)
        print(f"ablate: unknown command {arguments[0]!r}.{suggestion} Commands: {', '.join(VERBS)}.", file=sys.stderr)
        return 2
    return run_command(verb, arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main())
