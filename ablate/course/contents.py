"""Collect and check the files of a submission. Nothing is written."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ablate.config import trust
from ablate.config.schema.submission import Submission
from ablate.course import documents, readme, source
from ablate.files import bounded
from ablate.runs import provenance, run_record, study_plan, test_log, test_result
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.runs.stages import due_plan
from ablate.runs.study_plan import PlannedRun
from ablate.study.selection import choose
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home, without_homes

MB = 1_000_000
DATA_ROOT = "${oc.env:ABLATE_DATA,'~/.cache/ablate/data'}"  # replaces the image folder of this machine


@dataclass(frozen=True)
class Options:
    """The options of `ablate submit`; None for the default."""

    student: str  # ID
    report: Path | None = None
    notebook: Path | None = None
    link: str | None = None
    data_root: str | None = None
    trust: bool = False


@dataclass
class Contents:
    """The files of a submission.

    members           {path in the archive: content}
    summary           {file or folder in the archive: (bytes, note)}, for the printed summary
    weights           model.pt of the selected run, to which the archive may only contain a link
    verify_arguments  options of `ablate verify` on this machine
    user_code         files of the user's modules
    report_text       text and metadata of the report
    """

    members: dict[str, bytes] = field(default_factory=dict)
    summary: dict[str, tuple[int, str]] = field(default_factory=dict)
    weights: Path = Path()
    verify_arguments: list[str] = field(default_factory=list)
    user_code: list[str] = field(default_factory=list)
    report_text: str = ""

    def add(self, name: str, content: bytes, note: str) -> None:
        """Add a file."""
        self.members[name] = content
        self.summary[name] = (len(content), note)

    def with_home_paths(self) -> list[str]:
        """Names of the members that contain a home-directory path."""
        texts = {name: content.decode(errors="replace") for name, content in self.members.items()}
        texts |= {name: self.report_text for name, content in self.members.items() if content.startswith(b"%PDF")}
        return [name for name, text in texts.items() if without_home(text) != text]


def gather(study: Path, rules: Submission, options: Options) -> Contents:
    """Collect the files of a submission. The run is selected by validation accuracy.

    Args:
        study: folder of the study.
        rules: file names and size limits.
        options: options of `ablate submit`.

    Raises:
        InputError: the study is incomplete, its report is missing or outdated, or a file violates the rules.
    """
    plan = due_plan(study)
    states = [planned_state(study, planned) for planned in plan.runs]
    if incomplete := sum(not state.has_result for state in states):
        raise InputError(
            f"{incomplete} of {len(states)} planned runs of {study} have no result."
            " Complete them by running the study's `ablate train` command again."
        )
    choice = choose(study)
    folder = choice.best[choice.chosen]
    run = run_record.read_own(folder)
    config = read_config(folder, options.trust)
    trust.check(OmegaConf.masked_copy(config, [str(name) for name in config if name != "study"]), folder, options.trust)

    contents = Contents(weights=folder / "model.pt")
    if options.report is None:
        check_current(study, plan.runs, states)
    _add_report(contents, options.report or study / "report" / "report.pdf", rules)
    _add_notebook(contents, options.notebook, rules)
    code_changes = _add_code(contents, config, run, rules)
    sha256, link = _add_weights(contents, rules, options.link)
    data_root = _add_run(contents, folder, run, config)
    if images := options.data_root or data_root:
        contents.verify_arguments += ["--data-root", str(Path(images).expanduser().absolute())]
    if options.trust:
        contents.verify_arguments.append("--trust")
    downloaded = str(OmegaConf.select(config, "data._target_")).startswith("ablate.data.download.")
    facts = readme.Facts(
        options.student, plan.name, choice.chosen, sha256, link, test_result.read(folder),
        None if downloaded else data_root, contents.user_code, code_changes,
    )  # fmt: skip
    contents.add(
        rules.readme, without_home(readme.text(rules, run, facts)).encode(), readme.accuracies(run, facts.test_result)
    )
    return contents


def check_current(study: Path, planned: Sequence[PlannedRun], states: Sequence[PlannedState]) -> None:
    """Raise InputError if the report of a study is missing or outdated.

    Runs are compared by their accuracies, because copying a study changes the modification times.
    """
    remedy = f"Run `ablate report {study}`."
    report = study / "report"
    try:
        table = bounded.contents(report / "runs.csv", study_plan.LARGEST.size).decode(errors="replace")
        written = (report / "report.pdf").stat().st_mtime_ns
    except FileNotFoundError:
        raise InputError(f"{study} has no report. {remedy}") from None
    rows = {(row.get("variant"), row.get("seed")): row for row in csv.DictReader(io.StringIO(table))}
    reported = [rows.get((run.variant, str(run.seed)), {}) for run in planned]
    if len(rows) != len(planned) or not all(map(_same, reported, states)):
        raise InputError(f"The report of {study} is older than its runs. {remedy}")
    for path in (study / "report.md", study / test_log.FILE):
        if path.exists() and path.stat().st_mtime_ns > written:
            raise InputError(f"The report of {study} is older than {path}. {remedy}")


def _same(row: dict[str, str], state: PlannedState) -> bool:
    """True if a row of runs.csv has the status and accuracy of a run."""
    accuracy = state.value("val_accuracy")
    try:
        reported = float(row.get("val_accuracy") or "nan")
    except ValueError:
        return False
    same = math.isnan(reported) if accuracy is None or math.isnan(accuracy) else math.isclose(reported, accuracy)
    return row.get("status") == state.status and same


def _add_report(contents: Contents, path: Path, rules: Submission) -> None:
    content, pages = documents.read_report(path, rules.max_pages)
    contents.report_text = documents.pdf_text(path, content)
    contents.add(rules.report, content, f"{pages} {'page' if pages == 1 else 'pages'} of at most {rules.max_pages}")


def _add_notebook(contents: Contents, path: Path | None, rules: Submission) -> None:
    if rules.notebook is None:
        return
    default = Path("notebooks", "assignment.ipynb")
    if path is None and not default.is_file():
        raise InputError(f"The notebook {default} does not exist. Pass another one with --notebook FILE.")
    path = path or default
    content, cells = documents.read_notebook(path)
    contents.add(rules.notebook, content, f"{path}: {cells} code cells, executed in order without error")


def _add_code(contents: Contents, config: DictConfig, run: RunRecord, rules: Submission) -> str:
    """Add the package, the user's modules and requirements.txt; return the code changes since the run."""
    user_files, packages = source.user_files(source.targets(OmegaConf.to_container(config, resolve=False)))
    files = {**source.package_files(), **user_files}
    members = {f"{rules.code}/{name}": path.read_bytes() for name, path in files.items()}
    members[f"{rules.code}/requirements.txt"] = source.requirements(packages).encode()
    contents.members |= members
    contents.user_code = sorted(user_files)
    changes = ""
    if run.code_sha256 != provenance.code_sha256():
        diff = provenance.changed_since(run.commit or "")
        changes = "The code of `ablate` has changed since the run." + (f"\n\n```\n{diff}\n```\n\n" if diff else "")
    notes = [f"{len(members)} files", *([f"your own code: {', '.join(contents.user_code)}"] if user_files else [])]
    notes.append("changed since the run" if changes else "unchanged since the run")
    contents.summary[f"{rules.code}/"] = (sum(map(len, members.values())), ", ".join(notes))
    return changes


def _add_weights(contents: Contents, rules: Submission, link: str | None) -> tuple[str, str | None]:
    """Add the weights, or a link to them if they are too large; return their SHA-256 and the link that was added."""
    max_bytes = rules.max_checkpoint_mb * MB
    try:
        with contents.weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = contents.weights.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{contents.weights} does not exist. Retrain the run.") from None
    if size <= max_bytes:
        unused = ". The link is not used" if link is not None else ""
        contents.add(
            "model.pt",
            contents.weights.read_bytes(),
            f"run {contents.weights.parent}; limit {rules.max_checkpoint_mb:g} MB{unused}",
        )
        return sha256, None
    if link is None:
        raise InputError(
            f"{contents.weights} has {size / MB:.1f} MB, but the limit is {rules.max_checkpoint_mb:g} MB. Upload it and"
            " pass its address with --link URL."
        )
    contents.add(
        rules.link,
        f"{link}\n".encode(),
        f"to model.pt of run {contents.weights.parent} ({size / MB:.1f} MB); the link was not checked",
    )
    return sha256, link


def _add_run(contents: Contents, folder: Path, run: RunRecord, config: DictConfig) -> str | None:
    """Add the record and configuration of the run; return its image folder if that is a folder of this machine."""
    settings = OmegaConf.to_container(config, resolve=False)
    assert isinstance(settings, dict)
    root = settings.get("data", {}).get("root")
    is_local = root is not None and "${" not in str(root)
    if is_local:
        settings["data"]["root"] = DATA_ROOT
    config_text = OmegaConf.to_yaml(OmegaConf.create(without_homes(settings)))
    contents.add(
        ".hydra/config.yaml", config_text.encode(), "the image folder is replaced by $ABLATE_DATA" if is_local else ""
    )
    contents.add("run.json", _json(run_record.as_dict(run)), "")
    if result := test_result.read(folder):
        contents.add("test.json", _json(test_result.as_dict(result)), "")
    return str(root) if is_local else None


def _json(content: dict[str, object]) -> bytes:
    return (json.dumps(without_homes(content), indent=2) + "\n").encode()
