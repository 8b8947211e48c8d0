"""The files of an archive: the bytes of each, and a note on it. Nothing is written."""

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
from ablate.runs.study_plan import PlannedRun
from ablate.study.selection import choose
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home, without_homes

MB = 1_000_000
ROOT = "${oc.env:ABLATE_DATA,'~/.cache/ablate/data'}"  # of the images, where the submission is looked at


@dataclass(frozen=True)
class Options:
    """The options of the student beside the study; None: the default."""

    student: str
    report: Path | None = None
    notebook: Path | None = None
    link: str | None = None
    data_root: str | None = None
    trusted: bool = False


@dataclass
class Contents:
    """The members of an archive by their names in it, and a summary of them: name -> bytes, a note."""

    members: dict[str, bytes] = field(default_factory=dict)
    summary: dict[str, tuple[int, str]] = field(default_factory=dict)
    weights: Path = Path()  # of the chosen run, which the archive may only link to
    words: list[str] = field(default_factory=list)  # that `ablate verify` is given here
    own: list[str] = field(default_factory=list)  # files of the user's modules
    pages: str = ""  # what the report says

    def add(self, name: str, content: bytes, note: str) -> None:
        """Put in a file."""
        self.members[name] = content
        self.summary[name] = (len(content), note)

    def naming_homes(self) -> list[str]:
        """Names of the members that name a home folder."""
        texts = {name: content.decode(errors="replace") for name, content in self.members.items()}
        texts |= {name: self.pages for name, content in self.members.items() if content.startswith(b"%PDF")}
        return [name for name, text in texts.items() if without_home(text) != text]


def gather(study: Path, rules: Submission, options: Options) -> Contents:
    """The parts of a submission of the study in a folder, the run being the `choice` by validation.

    Raises:
        InputError: the study is not done, its report is missing or of other runs, or a part is not what the rules ask.
    """
    plan = study_plan.read(study)
    states = [planned_state(study, planned) for planned in plan.runs]
    if holes := sum(not state.has_result for state in states):
        raise InputError(
            f"{holes} of {len(states)} planned runs of {study} are not done."
            " Run the study's `ablate train` command again, which runs what is missing."
        )
    choice = choose(study)
    folder = choice.best[choice.chosen]
    run = run_record.read(folder)
    config = read_config(folder, options.trusted)
    trust.check(
        OmegaConf.masked_copy(config, [str(name) for name in config if name != "study"]), folder, options.trusted
    )

    contents = Contents(weights=folder / "model.pt")
    if options.report is None:
        check_current(study, plan.runs, states)
    _add_report(contents, options.report or study / "report" / "report.pdf", rules)
    _add_notebook(contents, options.notebook, rules)
    changed = _add_code(contents, config, run, rules)
    sha256, link = _add_weights(contents, rules, options.link)
    root = _add_run(contents, folder, run, config)
    if root is not None or options.data_root is not None:
        contents.words += ["--data-root", str(Path(options.data_root or root or "").expanduser().absolute())]
    contents.words += ["--trust"] if options.trusted else []
    downloaded = str(OmegaConf.select(config, "data._target_")).startswith("ablate.data.download.")
    facts = readme.Facts(
        options.student, plan.name, choice.chosen, sha256, link, test_result.read(folder),
        None if downloaded else root, contents.own, changed,
    )  # fmt: skip
    contents.add(
        rules.readme, without_home(readme.text(rules, run, facts)).encode(), readme.accuracies(run, facts.tested)
    )
    return contents


def check_current(study: Path, planned: Sequence[PlannedRun], states: Sequence[PlannedState]) -> None:
    """Refuse a report of other runs than those of a study, or older than the other files it reads.

    Its runs are compared by their accuracies: the times of files do not outlive a copy.
    """
    again = f"Run `ablate report {study}`."
    report = study / "report"
    try:
        table = bounded.contents(report / "runs.csv", study_plan.LARGEST).decode(errors="replace")
        written = (report / "report.pdf").stat().st_mtime_ns
    except FileNotFoundError:
        raise InputError(f"{study} has no report. {again}") from None
    rows = {(row.get("variant"), row.get("seed")): row for row in csv.DictReader(io.StringIO(table))}
    reported = [rows.get((run.variant, str(run.seed)), {}) for run in planned]
    if len(rows) != len(planned) or not all(map(_same, reported, states)):
        raise InputError(f"The report of {study} is older than its runs. {again}")
    for path, what in ((study / "report.md", "your words in"), (study / test_log.FILE, "the uses of the test set in")):
        if path.exists() and path.stat().st_mtime_ns > written:
            raise InputError(f"The report of {study} is older than {what} {path}. {again}")


def _same(row: dict[str, str], state: PlannedState) -> bool:
    """True if a row of runs.csv is of a run in this state."""
    accuracy = state.val_accuracy
    try:
        reported = float(row.get("val_accuracy") or "nan")
    except ValueError:
        return False
    same = math.isnan(reported) if accuracy is None or math.isnan(accuracy) else math.isclose(reported, accuracy)
    return row.get("status") == state.status and same


def _add_report(contents: Contents, path: Path, rules: Submission) -> None:
    content, pages = documents.report(path, rules.max_pages)
    contents.pages = documents.words(path, content)
    contents.add(rules.report, content, f"{pages} {'page' if pages == 1 else 'pages'} of at most {rules.max_pages}")


def _add_notebook(contents: Contents, path: Path | None, rules: Submission) -> None:
    if rules.notebook is None:
        return
    default = Path("notebooks", "assignment.ipynb")
    if path is None and not default.is_file():
        raise InputError(f"There is no notebook: {default} is not here. Say which one to hand in: --notebook FILE.")
    path = path or default
    content, cells = documents.notebook(path)
    contents.add(rules.notebook, content, f"{path}: {cells} cells of code, executed in order, no error")


def _add_code(contents: Contents, config: DictConfig, run: RunRecord, rules: Submission) -> str:
    """Put in the package, the user's modules and requirements.txt; what has changed since the run, if anything has."""
    user_files, needed = source.own(source.targets(OmegaConf.to_container(config, resolve=False)))
    files = {**source.package(), **user_files}
    members = {f"{rules.code}/{name}": path.read_bytes() for name, path in files.items()}
    members[f"{rules.code}/requirements.txt"] = source.requirements(needed).encode()
    contents.members |= members
    contents.own = sorted(user_files)
    changed = ""
    if run.code_sha256 != provenance.code_sha256():
        since = provenance.changed_since(run.commit or "")
        changed = "The code of `ablate` has changed since the run." + (f"\n\n```\n{since}\n```\n\n" if since else "")
    notes = [f"{len(members)} files", *([f"your own {', '.join(contents.own)}"] if user_files else [])]
    notes.append("changed since the run" if changed else "as it was for the run")
    contents.summary[f"{rules.code}/"] = (sum(map(len, members.values())), ", ".join(notes))
    return changed


def _add_weights(contents: Contents, rules: Submission, link: str | None) -> tuple[str, str | None]:
    """Put in the checkpoint, or where it is; its SHA-256, and the link if that is what is put in."""
    most = rules.max_checkpoint_mb * MB
    try:
        with contents.weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = contents.weights.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{contents.weights} is not there: the run's weights are lost. Train the run again.") from None
    if size <= most:
        unused = ". It goes into the archive: the link is not needed" if link is not None else ""
        contents.add(
            "model.pt",
            contents.weights.read_bytes(),
            f"of run {contents.weights.parent}, at most {rules.max_checkpoint_mb:g} MB{unused}",
        )
        return sha256, None
    if link is None:
        raise InputError(
            f"{contents.weights} has {size / MB:.1f} MB, and at most {rules.max_checkpoint_mb:g} MB are handed in. "
            "Upload it, and say where it is: --link URL."
        )
    contents.add(
        rules.link,
        f"{link}\n".encode(),
        f"to model.pt of run {contents.weights.parent}, {size / MB:.1f} MB. It was not opened",
    )
    return sha256, link


def _add_run(contents: Contents, folder: Path, run: RunRecord, config: DictConfig) -> str | None:
    """Put in what `ablate` reads of a run; the folder of its images, if it names one of this machine."""
    settings = OmegaConf.to_container(config, resolve=False)
    assert isinstance(settings, dict)
    root = settings.get("data", {}).get("root")
    named = root is not None and "${" not in str(root)
    if named:
        settings["data"]["root"] = ROOT
    written = OmegaConf.to_yaml(OmegaConf.create(without_homes(settings)))
    contents.add(".hydra/config.yaml", written.encode(), "the folder of the images can be said" if named else "")
    contents.add("run.json", _json(run_record.as_dict(run)), "")
    if tested := test_result.read(folder):
        contents.add("test.json", _json(test_result.as_dict(tested)), "")
    return str(root) if named else None


def _json(content: dict[str, object]) -> bytes:
    return (json.dumps(without_homes(content), indent=2) + "\n").encode()
