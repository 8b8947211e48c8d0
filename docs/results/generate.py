"""Make the results and pictures of the documentation again: `make results IMAGES=FOLDER [PARTS=...]`.

IMAGES has CIFAR-10 as image files, one folder per class, below `train/` and `test/` (docs/results.md). PARTS are names
in `PARTS`, all by default. Studies are trained in build/results, where finished runs are kept.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import typst

from ablate.analysis.formats import number, to_markdown
from ablate.files.atomic import write_bytes, write_text
from ablate.runs import run_record
from docs.results import folders
from tests.docs.pages import blocks

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IMAGES = HERE.parent / "images"
WORK = ROOT / "build" / "results"
COPIED = ("report.pdf", "runs.csv", "effects.csv", "numbers.tex", "tables/effects.md", "tables/effects.tex",
          "figures/effects.svg", "figures/loss_curves.svg")  # fmt: skip
LEFT_OUT = ("Equivalence", "g_z", "Parameters", "Time")  # columns that the tutorial's table does not show
PAGE_PPI = 110
WEIGHTS = "efficientnet_lite0.pth"
TESTED = "cifar10-1000"  # some test images
FOLDER = "cifar10-jpeg"  # link to the images, by which the commands in docs/results.md name them


def ablate(*words: str) -> None:
    """Run a command in the working folder; a run that failed ends the script."""
    subprocess.run([sys.executable, "-m", "ablate.cli", *words], cwd=WORK, check=True)


def study(name: str, tested: bool = False) -> None:
    """Train a preset on CIFAR-10, test its runs if so desired, and report it."""
    train(name)
    runs = sorted((WORK / "outputs" / name).glob("*/seed=*"))
    untested = [str(path) for path in runs if not (path / "test.json").exists()]
    if tested and untested:
        ablate("test", *untested)
    report(name)


def train(name: str, *words: str, root: str = FOLDER) -> None:
    """Train a preset on an image folder."""
    ablate("train", f"study={name}", "data=image_folder", f"data.root={root}", *words)


def report(name: str) -> None:
    """Report a study with the author's text, and copy the results to docs/results."""
    folder, target = WORK / "outputs" / name, HERE / name
    text = target / "report.md"
    if text.exists():
        shutil.copy(text, folder)
    ablate("report", name)
    for part in COPIED:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "report" / part, target / part)
    replace("results.md", f"{name} machine", machine(folder))


def machine(folder: Path) -> str:
    """One sentence on the code and the machine of a study's runs; a value that differs between them has several."""
    records = [run_record.read(path) for path in sorted(folder.glob("*/seed=*"))]
    commits = {
        f"`{git.commit[:12]}`{' with changes' if git.dirty else ''}" for git in (run.git for run in records) if git
    }
    environments = [run.environment for run in records if run.environment]
    columns = [{str(getattr(each, name)) for each in environments} for name in ("torch", "cpu", "precision", "threads")]
    code, torch, cpu, precision, threads = (", ".join(sorted(values)) for values in [commits, *columns])
    return f"*Commit {code}, torch {torch} on {cpu}, {precision}, threads per run: {threads}.*"


def assignment() -> None:
    """The assignment's networks, its table in docs/results.md, and the picture of README."""
    study("assignment", tested=True)
    folder = WORK / "outputs/assignment"
    pages = typst.compile(folder / "report/report.typ", format="png", ppi=PAGE_PPI)
    write_bytes(IMAGES / "report.png", pages[0] if isinstance(pages, list) else pages)
    replace("results.md", "assignment", assignment_table(folder))
    replace("results.md", "assignment effects", effects_table(folder))


def assignment_table(folder: Path) -> str:
    """Losses, validation and test accuracy of each network, in per cent."""
    runs = pd.read_csv(folder / "report/runs.csv")
    runs["test"] = [pd.read_json(folder / path / "test.json", typ="series")["accuracy"] for path in runs["folder"]]
    rows = []
    for name, of_network in runs.groupby("experiment", sort=False):
        validation, test = 100 * of_network["val_accuracy"], 100 * of_network["test"]
        rows.append(
            {
                "network": f"experiment={name}",
                "parameters": f"{of_network['parameters'].iloc[0]:,}",
                "train loss": number(of_network["train_loss"].mean(), 3),
                "validation accuracy (%)": f"{number(validation.mean(), 1)} ± {number(validation.std(), 1)}",
                "test accuracy (%)": f"{number(test.mean(), 1)} ± {number(test.std(), 1)}",
                "test accuracy of each seed": ", ".join(number(value, 1) for value in test),
            }
        )
    return to_markdown(pd.DataFrame(rows))


def full_marks() -> None:
    """The ablation of the preset `full_marks`, and its table in docs/results.md."""
    study("full_marks")
    replace("results.md", "full_marks effects", effects_table(WORK / "outputs/full_marks"))


def effects_table(folder: Path, without: tuple[str, ...] = ()) -> str:
    """The main table of a study's report, without columns whose names start with one of `without`."""
    table = (folder / "report/tables/effects.md").read_text().partition("\n\n")[0]
    if not without:
        return table
    rows = [line.strip("|").split("|") for line in table.splitlines()]
    shown = [place for place, name in enumerate(rows[0]) if not name.strip().startswith(without)]
    return "\n".join(f"|{'|'.join(row[place] for place in shown)}|" for row in rows)


def finetune() -> None:
    """Pretrained weights against training from scratch, on photographs of solar cells."""
    folders.solar_cells(WORK / "solar-cells", WORK / "packages")
    folders.weights(WORK / WEIGHTS, WORK / "packages")
    network = (f"model.name={folders.NETWORK}", f"model.weights={WEIGHTS}")
    few = ("data.image_size=96", "data.train_limit=200", "data.val_fraction=0.2")
    train("finetune", *network, *few, root="solar-cells")
    report("finetune")
    replace("results.md", "finetune effects", effects_table(WORK / "outputs/finetune", LEFT_OUT))


def imbalance() -> None:
    """Class weights, balanced sampling and the focal loss on a thinned training set, by macro-F1."""
    folders.imbalanced(WORK / "imbalanced", WORK / FOLDER)
    train("imbalance", "data.val_fraction=0.5", root="imbalanced")
    report("imbalance")
    replace("results.md", "imbalance effects", effects_table(WORK / "outputs/imbalance", LEFT_OUT))


def robustness() -> None:
    """Augmentations, tested on corrupted images."""
    folders.some_test_images(WORK / TESTED, WORK / FOLDER)
    train("robustness", "data.train_limit=5000", "data.val_fraction=0.04")
    runs = (WORK / "outputs/robustness").glob("*/seed=*")
    if not all((path / "test-on").exists() for path in runs):  # each further test is counted as a use of the images
        ablate("test", "robustness", "--on", TESTED, "--corrupt", "all", "--variants", "all")
    report("robustness")
    tables = WORK / "outputs/robustness/report/tables"
    for name in ("test_on", "conditions"):
        shutil.copy(tables / f"{name}.md", HERE / "robustness/tables")
        replace("results.md", f"robustness {name}", (tables / f"{name}.md").read_text().partition("\n\n")[0])


def tutorial() -> None:
    """The pictures and the table of the tutorial, from its own commands up to the report with the author's text."""
    folder = WORK / "tutorial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    commands = [block.text for block in blocks(HERE.parent / "tutorial.md") if block.language == "bash"]
    last = next(place for place, text in enumerate(commands) if "report.md" in text)
    shown = [text for text in commands[: last + 1] if "make install" not in text]
    alias = f'ablate() {{ {shlex.quote(sys.executable)} -m ablate.cli "$@"; }}\n'
    subprocess.run(["bash", "-ec", alias + "\n".join(shown)], cwd=folder, check=True)
    report = folder / "outputs/first/report"
    shutil.copy(report / "figures/effects.svg", IMAGES / "tutorial-effects.svg")
    write_bytes(IMAGES / "tutorial-report.png", side_by_side(report / "report.typ"))
    replace("tutorial.md", "tutorial effects", effects_table(report.parent, without=LEFT_OUT))


def side_by_side(source: Path) -> bytes:
    """The pages of a report next to each other, as PNG."""
    paths = [source.with_name(f"page-{place}.png") for place in (1, 2)]
    for path, page in zip(paths, typst.compile(source, format="png", ppi=PAGE_PPI), strict=True):
        path.write_bytes(page)
    images = ", ".join(f'image("{path.name}")' for path in paths)
    sheet = source.with_name("pages.typ")
    sheet.write_text(
        f"#set page(width: 42cm, height: 29.7cm, margin: 0cm)\n#grid(columns: 2, {images})\n", encoding="utf-8"
    )
    return bytes(typst.compile(sheet, format="png", ppi=PAGE_PPI))  # type: ignore[arg-type]


def replace(page_name: str, name: str, new: str) -> None:
    """Replace the text between the comments `<!-- NAME -->` and `<!-- end of NAME -->` on a page in docs/."""
    page = HERE.parent / page_name
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(\n<!-- end of {re.escape(name)} -->)", re.S)
    text, count = pattern.subn(lambda match: f"{match[1]}{new.strip()}{match[2]}", page.read_text())
    if count != 1:
        raise SystemExit(f"{page} has {count} places named {name}; expected one.")
    write_text(page, text)


PARTS: dict[str, Callable[[], None]] = {
    part.__name__: part for part in (tutorial, assignment, full_marks, finetune, imbalance, robustness)
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.results.generate", description=__doc__)
    parser.add_argument("--images", type=Path, required=True, help="CIFAR-10 as image files")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to make again: {', '.join(PARTS)} (all)")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / FOLDER).unlink(missing_ok=True)
    (WORK / FOLDER).symlink_to(args.images.resolve())
    for name in args.parts or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
