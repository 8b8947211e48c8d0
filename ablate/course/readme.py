"""README.md of an archive: what is there, which run it is, and the command that verifies it."""

from dataclasses import dataclass
from string import Template
from typing import Any

from ablate.config.schema.submission import Submission
from ablate.runs.run_record import Environment, RunRecord
from ablate.runs.test_result import TestResult
from ablate.study.selection import RULE

TEXT = Template("""# $student

| file | |
|---|---|
$files

The model is a run of the study `$study`, chosen by validation accuracy alone: $rule.
That is variant `$variant`, seed $seed.

$accuracies

## Verify

With Python $python, in this folder$first:

```
python -m pip install -r $code/requirements.txt
cd $code && python -m ablate.cli verify $words
```

This loads `model.pt` with the code in `$code/` and says whether it has the accuracy that is stated here.
$data

## Code

$changed It was trained with:

```
$rerun
```

on $hardware. SHA-256 of `model.pt`: `$sha256`.
""")


@dataclass(frozen=True)
class Facts:
    """The content of a README beside the record of its run."""

    student: str
    study: str
    variant: str
    sha256: str  # of model.pt
    link: str | None  # where it is, if it is not in the archive
    tested: TestResult | None  # the run's test.json
    root: str | None  # the folder of the images that the run had
    own: list[str]  # files of the user's modules
    changed: str  # what has changed in the code since the run; empty if nothing has


def text(rules: Submission, run: RunRecord, facts: Facts) -> str:
    """The README of an archive by these rules, of the run with this record."""
    environment = run.environment or Environment()
    return TEXT.substitute(
        student=facts.student,
        files="\n".join(f"| `{name}` | {what} |" for name, what in _files(rules, facts).items()),
        study=facts.study,
        rule=RULE,
        variant=facts.variant,
        seed=run.seed,
        accuracies=accuracies(run, facts.tested),
        python=(environment.python or "3.11.0").rpartition(".")[0],
        first=f", after `model.pt` was put here from {facts.link}" if facts.link else "",
        code=rules.code,
        words=" ".join(["..", *(["--data-root FOLDER"] if facts.root else []), *(["--trust"] if facts.own else [])]),
        data=_data(facts.root),
        changed=facts.changed or "The code is that of the run.",
        rerun=run.rerun,
        hardware=", ".join(filter(None, (environment.device, environment.cpu, environment.platform))),
        sha256=facts.sha256,
    )


def accuracies(run: RunRecord, tested: TestResult | None) -> str:
    """The validation accuracy of the run and, if it was tested, its test accuracy, a sentence."""
    assert run.val_accuracy is not None  # the run was chosen by it
    validation = f"Validation accuracy {100 * run.val_accuracy:.2f} %"
    return f"{validation}, test accuracy {100 * tested.accuracy:.2f} %." if tested else f"{validation}."


def _files(rules: Submission, facts: Facts) -> dict[str, str]:
    """Each file, or folder, and what it is."""
    mine = f", {', '.join(facts.own)} the author's own" if facts.own else ""
    files: dict[Any, str] = {
        rules.report: "the report",
        rules.notebook: "the notebook, executed",
        f"{rules.code}/": f"the code: `ablate` trains, `analysis` reports, `conf` has the options{mine}",
        **({rules.link: "where the weights are"} if facts.link else {"model.pt": "the weights, a PyTorch state_dict"}),
        "run.json": "the record of the run: configuration, code, environment, accuracy",
        ".hydra/config.yaml": "its configuration",
        **({"test.json": "its result on the test set"} if facts.tested else {}),
    }
    return {name: what for name, what in files.items() if name is not None}


def _data(root: str | None) -> str:
    if root is None:
        return "The images come with a package, or are downloaded to `~/.cache/ablate/data`, or to `$ABLATE_DATA`."
    return "FOLDER is where the images are, as the run had them; that they are the same is checked."
