"""Collect and check the files of a submission. Nothing is written."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from ablate.commands.submit import notebook, readme, report
from ablate.commands.submit.contents import Contents
from ablate.commands.submit.run_files import add_code, add_run, add_weights
from ablate.config import CONF, trust
from ablate.config.schema.submission import Submission
from ablate.runs import run_record, test_result
from ablate.runs.read_config import read_config
from ablate.runs.stages import due_plan
from ablate.runs.study_plan import StudyPlan
from ablate.study.selection import choose
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number, plural, without_home


@dataclass(frozen=True)
class Options:
    """The options of `ablate submit`; None for the default.

    Attributes:
        student: the student ID.
        notebook: the notebook.
        link: address of the weights.
        data_root: folder of the images.
        trust: whether code outside this package may run.
        allow_original_notebook: whether the notebook may be one of ours.
        allow_other_study: whether the notebook may be about other studies or data sets.
    """

    student: str
    notebook: Path | None = None
    link: str | None = None
    data_root: str | None = None
    trust: bool = False
    allow_original_notebook: bool = False
    allow_other_study: bool = False


@dataclass(frozen=True)
class Selected:
    """The folder and the plan of a study, the state of each of its runs, and the run that is submitted."""

    study: Path
    plan: StudyPlan
    states: list[PlannedState]
    variant: str
    folder: Path


def select(study: Path) -> Selected:
    """Select the run of a study that is submitted, by validation accuracy.

    Raises:
        InputError: the study is incomplete, or no variant can be selected.
    """
    plan = due_plan(study)
    states = [planned_state(study, planned) for planned in plan.runs]
    if incomplete := sum(not state.has_result for state in states):
        raise InputError(
            f"{incomplete} of {plural(len(states), 'planned run')} of {study}"
            f" {by_number(incomplete, 'has', 'have')} no result. Run the command of the study again."
        )
    choice = choose(study)
    return Selected(study, plan, states, choice.chosen, choice.best[choice.chosen])


def gather(selected: Selected, rules: Submission, options: Options) -> Contents:
    """Collect the files of a submission, except the report.

    Raises:
        InputError: a file is missing or violates the rules.
    """
    folder = selected.folder
    run = run_record.read_own(folder)
    config = read_config(folder, options.trust)
    trust.check(OmegaConf.masked_copy(config, [str(name) for name in config if name != "study"]), folder, options.trust)

    contents = Contents(weights=folder / "model.pt")
    target = str(OmegaConf.select(config, "data._target_"))
    names = [selected.study.resolve().name, selected.plan.name]  # which differ if the folder was renamed
    add_notebook(contents, rules, options, names, target.rpartition(".")[2])
    code_changes = add_code(contents, config, run, rules)
    sha256, link = add_weights(contents, rules, options.link)
    data_root = add_run(contents, folder, run, config)
    if images := options.data_root or data_root:
        contents.verify_arguments += ["--data-root", str(Path(images).expanduser().absolute())]
    if options.trust:
        contents.verify_arguments.append("--trust")
    facts = readme.Facts(
        options.student, selected.plan.name, selected.variant, sha256, link, test_result.read(folder),
        None if target.startswith("ablate.data.download.") else data_root, contents.user_code, code_changes,
    )  # fmt: skip
    contents.add(
        rules.readme, without_home(readme.text(rules, run, facts)).encode(), readme.accuracies(run, facts.test_result)
    )
    return contents


def add_notebook(contents: Contents, rules: Submission, options: Options, studies: list[str], data: str) -> None:
    """Add the notebook, unless the rules have none.

    Raises:
        InputError: it is missing, was not executed in order, is ours, or is about another study or data set.
    """
    if rules.notebook is None:
        return
    path = notebook.find(options.notebook, rules.notebook)
    content, packed, cells = notebook.read(path)
    if notebook.is_original(content) and not options.allow_original_notebook:
        raise InputError(
            f"{path} is the notebook of this package, with no change to its code. Submit your own work, or pass"
            " --allow-original-notebook."
        )
    known = [option.stem for option in (CONF / "data").glob("*.yaml")]
    if not options.allow_other_study and (reason := notebook.mismatch(content, studies, data, known)):
        raise InputError(
            f"{path} {reason}. Run the notebook again with the submitted study, or pass --allow-other-study."
        )
    contents.add(rules.notebook, packed, f"{path}: {plural(cells, 'code cell')}, executed in order without error")


def add_report(contents: Contents, path: Path, rules: Submission) -> None:
    """Add the report.

    Raises:
        InputError: it is missing, is not a PDF, or has too many pages.
    """
    content, pages = report.read_report(path, rules.max_pages)
    contents.report_text = report.pdf_text(path, content)
    contents.add(rules.report, content, f"{plural(pages, 'page')} of at most {rules.max_pages}")
