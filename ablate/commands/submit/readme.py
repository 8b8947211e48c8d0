"""The README of a submission: its files, the selected run, and the command that verifies it."""

from dataclasses import dataclass
from string import Template
from typing import Any

from ablate.config.schema.submission import Submission
from ablate.runs.record_parts import Environment
from ablate.runs.run_record import RunRecord
from ablate.runs.test_result import TestResult
from ablate.study.selection import RULE

TEXT = Template("""# $student

| file | |
|---|---|
$files

The model is a run of the study `$study`: variant `$variant`, seed $seed. It was selected by validation accuracy:
$rule. The submitted run is its best seed.

$accuracies

## Verify

With Python $python, in this folder$download:

```
python -m pip install -r $code/requirements.txt
cd $code && python -m ablate.cli verify $arguments
```

This loads `model.pt` with the code in `$code/` and checks the accuracies above.
$data

## Code

$code_state The model was trained with

```
$rerun
```

on $hardware. SHA-256 of `model.pt`: `$sha256`.
""")


@dataclass(frozen=True)
class Facts:
    """What the README states in addition to the record of the run."""

    student: str
    study: str
    variant: str
    sha256: str  # of model.pt
    link: str | None  # to model.pt; None if it is in the archive
    test_result: TestResult | None
    data_root: str | None  # image folder of the run; None if the images are downloaded
    user_code: list[str]  # files of the user's modules
    code_changes: str  # since the run; empty if there are none


def text(rules: Submission, run: RunRecord, facts: Facts) -> str:
    """Return the README of a submission.

    Args:
        rules: names of the files.
        run: record of the selected run.
        facts: everything else.
    """
    environment = run.environment or Environment()
    options = [*(["--data-root FOLDER"] if facts.data_root else []), *(["--trust"] if facts.user_code else [])]
    return TEXT.substitute(
        student=facts.student,
        files="\n".join(f"| `{name}` | {description} |" for name, description in _files(rules, facts).items()),
        study=facts.study,
        rule=RULE,
        variant=facts.variant,
        seed=run.seed,
        accuracies=accuracies(run, facts.test_result),
        python=(environment.python or "3.11.0").rpartition(".")[0],
        download=f", after downloading `model.pt` into it from {facts.link}" if facts.link else "",
        code=rules.code,
        arguments=" ".join(["..", *options]),
        data=_data(facts.data_root),
        code_state=facts.code_changes or "The code has not changed since the run.",
        rerun=run.rerun,
        hardware=", ".join(filter(None, (environment.device, environment.cpu, environment.platform))),
        sha256=facts.sha256,
    )


def accuracies(run: RunRecord, test_result: TestResult | None) -> str:
    """State the validation accuracy of a run, and its test accuracy if it was tested."""
    assert run.val_accuracy is not None  # a selected run has one
    validation = f"Validation accuracy {100 * run.val_accuracy:.2f} %"
    return f"{validation}, test accuracy {100 * test_result.accuracy:.2f} %." if test_result else f"{validation}."


def _files(rules: Submission, facts: Facts) -> dict[str, str]:
    """Files and folders of the archive with a description of each."""
    user_code = f"; the author's own: {', '.join(facts.user_code)}" if facts.user_code else ""
    files: dict[Any, str] = {
        rules.report: "the report",
        rules.notebook: "the executed notebook",
        f"{rules.code}/": f"the code: `ablate` (training), `ablate/analysis` (report), `conf` (options){user_code}",
        **({rules.link: "link to the weights"} if facts.link else {"model.pt": "the weights: a PyTorch state_dict"}),
        "run.json": "the record of the run: code, environment, accuracy",
        ".hydra/config.yaml": "the configuration of the run",
        **({"test.json": "the result on the test set"} if facts.test_result else {}),
    }
    return {name: description for name, description in files.items() if name is not None}


def _data(data_root: str | None) -> str:
    if data_root is None:
        return (
            "The images are part of a package, or are downloaded to `$ABLATE_DATA` (default: `~/.cache/ablate/data`)."
        )
    return "FOLDER is the image folder of the run. The command checks that the images are the same."
