"""What goes into an archive: each file's bytes, and what was found of it. Nothing is written."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import trust
from ablate.config.schema.submission import Submission
from ablate.course import documents, readme, source
from ablate.files import bounded
from ablate.runs import provenance, record, test_log
from ablate.study.selection import choose
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home, without_homes

MB = 1_000_000
ROOT = "${oc.env:ABLATE_DATA,'~/.cache/ablate/data'}"  # of the images, where the submission is looked at


@dataclass(frozen=True)
class Given:
    """What the student says beside the study; None: as it is found there."""

    student: str
    report: Path | None = None
    notebook: Path | None = None
    link: str | None = None
    data_root: str | None = None
    trusted: bool = False


@dataclass
class Contents:
    """The members of an archive by their names in it, and what is told of them: name -> bytes, what was found."""

    members: dict[str, bytes] = field(default_factory=dict)
    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    weights: Path = Path()  # of the chosen run, which the archive may only link to
    words: list[str] = field(default_factory=list)  # that `ablate verify` is given here
    own: list[str] = field(default_factory=list)  # files of the user's modules
    pages: str = ""  # what the report says

    def add(self, name: str, content: bytes, found: str) -> None:
        """Put in a file."""
        self.members[name] = content
        self.told[name] = (len(content), found)

    def naming_homes(self) -> list[str]:
        """Names of the members that name a home folder."""
        texts = {name: content.decode(errors="replace") for name, content in self.members.items()}
        texts |= {name: self.pages for name, content in self.members.items() if content.startswith(b"%PDF")}
        return [name for name, text in texts.items() if without_home(text) != text]


def gather(study: Path, rules: Submission, given: Given) -> Contents:
    """The parts of a submission of the study in a folder, the run being the `choice` by validation.

    Raises:
        InputError: the study is not done, its report is missing or of other runs, or a part is not what the rules ask.
    """
    plan = record.read_study(study)
    found = [record.read_planned(study, planned) for planned in plan["runs"]]
    if open_ := sum(run["status"] not in record.OUTCOMES for run in found):
        raise InputError(
            f"{open_} of {len(found)} planned runs of {study} are not done."
            " Run the study's `ablate train` command again, which runs what is missing."
        )
    choice = choose(study)
    folder = choice.best[choice.chosen]
    run = record.read_run(folder)
    config = record.read_config(folder, given.trusted)
    trust.check(OmegaConf.masked_copy(config, [str(name) for name in config if name != "study"]), folder, given.trusted)

    made = Contents(weights=folder / "model.pt")
    if given.report is None:
        check_current(study, plan["runs"], found)
    _add_report(made, given.report or study / "report" / "report.pdf", rules)
    _add_notebook(made, given.notebook, rules)
    changed = _add_code(made, config, run, rules)
    sha256, link = _add_weights(made, rules, given.link)
    root = _add_run(made, folder, run, config)
    if root is not None or given.data_root is not None:
        made.words += ["--data-root", str(Path(given.data_root or root or "").expanduser().absolute())]
    made.words += ["--trust"] if given.trusted else []
    downloaded = str(OmegaConf.select(config, "data._target_")).startswith("ablate.data.download.")
    facts = readme.Facts(
        given.student, plan["name"], choice.chosen, sha256, link, test_log.read_result(folder),
        None if downloaded else root, made.own, changed,
    )  # fmt: skip
    made.add(rules.readme, without_home(readme.text(rules, run, facts)).encode(), readme.accuracies(run, facts.tested))
    return made


def check_current(study: Path, planned: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]]) -> None:
    """Refuse a report of other runs than those of a study, or older than what else it tells.

    Its runs are compared by what they reached: the times of files do not outlive a copy.
    """
    again = f"Run `ablate report {study}`."
    report = study / "report"
    try:
        table = bounded.contents(report / "runs.csv", record.STUDY).decode(errors="replace")
        written = (report / "report.pdf").stat().st_mtime_ns
    except FileNotFoundError:
        raise InputError(f"{study} has no report. {again}") from None
    rows = {(row.get("variant"), row.get("seed")): row for row in csv.DictReader(io.StringIO(table))}
    told = [rows.get((run["variant"], str(run["seed"])), {}) for run in planned]
    if len(rows) != len(planned) or not all(map(_same, told, found)):
        raise InputError(f"The report of {study} is older than its runs. {again}")
    for own, what in ((study / "report.md", "your words in"), (study / test_log.LOG, "the uses of the test set in")):
        if own.exists() and own.stat().st_mtime_ns > written:
            raise InputError(f"The report of {study} is older than {what} {own}. {again}")


def _same(row: dict[str, str], run: dict[str, Any]) -> bool:
    """True if a row of runs.csv is of such a run."""
    accuracy = (run.get("metrics") or {}).get("val_accuracy")
    try:
        told = float(row.get("val_accuracy") or "nan")
    except ValueError:
        return False
    same = math.isnan(told) if accuracy is None or math.isnan(accuracy) else math.isclose(told, accuracy)
    return row.get("status") == run["status"] and same


def _add_report(made: Contents, path: Path, rules: Submission) -> None:
    content, pages = documents.report(path, rules.max_pages)
    made.pages = documents.words(path, content)
    made.add(rules.report, content, f"{pages} page{'s' * (pages > 1)} of at most {rules.max_pages}")


def _add_notebook(made: Contents, path: Path | None, rules: Submission) -> None:
    if rules.notebook is None:
        return
    given, path = path, path or Path("notebooks", "assignment.ipynb")
    if given is None and not path.is_file():
        raise InputError(f"There is no notebook: {path} is not here. Say which one to hand in: --notebook FILE.")
    content, cells = documents.notebook(path)
    made.add(rules.notebook, content, f"{path}: {cells} cells of code, executed in order, no error")


def _add_code(made: Contents, config: DictConfig, run: dict[str, Any], rules: Submission) -> str:
    """Put in the package, the user's modules and requirements.txt; what has changed since the run, if anything has."""
    own, needed = source.own(source.targets(OmegaConf.to_container(config, resolve=False)))
    files = {**source.package(), **own}
    members = {f"{rules.code}/{name}": path.read_bytes() for name, path in files.items()}
    members[f"{rules.code}/requirements.txt"] = source.requirements(needed).encode()
    made.members |= members
    made.own = sorted(own)
    changed = ""
    if run.get("code_sha256") != provenance.code_sha256():
        since = provenance.changed_since(str((run.get("git") or {}).get("commit") or ""))
        changed = "The code of `ablate` has changed since the run." + (f"\n\n```\n{since}\n```\n\n" if since else "")
    said = [f"{len(members)} files", *([f"your own {', '.join(made.own)}"] if own else [])]
    said.append("changed since the run" if changed else "as it was for the run")
    made.told[f"{rules.code}/"] = (sum(map(len, members.values())), ", ".join(said))
    return changed


def _add_weights(made: Contents, rules: Submission, link: str | None) -> tuple[str, str | None]:
    """Put in the checkpoint, or where it is; its SHA-256, and the link if that is what is put in."""
    most = rules.max_checkpoint_mb * MB
    try:
        with made.weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = made.weights.stat().st_size
    except FileNotFoundError:
        raise InputError(f"{made.weights} is not there: the run's weights are lost. Train the run again.") from None
    if size <= most:
        unused = ". It goes into the archive: the link is not needed" * (link is not None)
        made.add(
            "model.pt",
            made.weights.read_bytes(),
            f"of run {made.weights.parent}, at most {rules.max_checkpoint_mb:g} MB{unused}",
        )
        return sha256, None
    if link is None:
        raise InputError(
            f"{made.weights} has {size / MB:.1f} MB, and at most {rules.max_checkpoint_mb:g} MB are handed in. "
            "Upload it, and say where it is: --link URL."
        )
    made.add(
        rules.link,
        f"{link}\n".encode(),
        f"to model.pt of run {made.weights.parent}, {size / MB:.1f} MB. It was not opened",
    )
    return sha256, link


def _add_run(made: Contents, folder: Path, run: dict[str, Any], config: DictConfig) -> str | None:
    """Put in what `ablate` reads of a run; the folder of its images, if it names one of this machine."""
    settings = OmegaConf.to_container(config, resolve=False)
    assert isinstance(settings, dict)
    root = settings.get("data", {}).get("root")
    named = root is not None and "${" not in str(root)
    if named:
        settings["data"]["root"] = ROOT
    written = OmegaConf.to_yaml(OmegaConf.create(without_homes(settings)))
    made.add(".hydra/config.yaml", written.encode(), "the folder of the images can be said" if named else "")
    made.add("run.json", _json(run), "")
    if tested := test_log.read_result(folder):
        made.add("test.json", _json(tested), "")
    return str(root) if named else None


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(without_homes(content), indent=2) + "\n").encode()
