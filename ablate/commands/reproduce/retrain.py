"""`ablate reproduce RUN`: retrain a run in a fresh folder and compare the results bit for bit."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ablate.commands.flags import Parser
from ablate.commands.reproduce import recorded_command
from ablate.commands.reproduce.comparison import Comparison, compare
from ablate.config import CONF, trust, weights
from ablate.runs import options, provenance, run_record
from ablate.runs.config_defaults import changes, is_of
from ablate.runs.config_hash import resolved
from ablate.runs.read_config import read_config
from ablate.runs.rerun_command import PRIMARY, literal
from ablate.runs.run_record import RunRecord
from ablate.study.extend import listed
from ablate.terminal.errors import InputError

REPRODUCIBLE = ("completed", "diverged")
THREADS = 1024  # largest number that a record may request
FLAGS = ("--config-dir", "--config-path", "--config-name")
SINGLE_RUN = ("hydra.mode=RUN", "study.trial=null")  # study.trial=null: a trial would build Optuna's pruner


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate reproduce",
        description="Retrain a run in a new folder and compare the results bit for bit.",
        epilog="Exit status: 0 if the results are identical or within tolerance; 1 if they differ; 2 if the run cannot"
        " be retrained.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument("--from-commit", action="store_true", help="use the code of the commit that the run recorded")
    parser.add_argument("--data-root", metavar="FOLDER", help="image folder, if it has moved since the run")
    parser.add_argument("--weights", metavar="FILE", help="pretrained weights (model.weights), if they have moved")
    parser.add_argument("--teacher", metavar="RUN", help="teacher of a distillation (loss.teacher), if it has moved")
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that the run's folder contains or names"
    )
    args = parser.parse_args(words)
    moved = {key: getattr(args, flag.removeprefix("--")) for key, flag in weights.FLAGS.items()}
    comparison = reproduce(args.run, args.from_commit, args.trust, args.data_root, moved)
    print(f"{args.run} was retrained in {comparison.again}.", *comparison.summary, sep="\n")
    return 1 if comparison.verdict == "different" else 0


def reproduce(
    run: Path,
    from_commit: bool = False,
    trusted: bool = False,
    data_root: str | None = None,
    moved: Mapping[str, str | None] = MappingProxyType({}),
) -> Comparison:
    """Retrain `run` in `outputs/single/<time>` with its number of threads, and compare the results.

    Args:
        run: folder of the run.
        from_commit: use the code of the commit that it recorded.
        trusted: run code outside this package.
        data_root: the image folder, if it has moved.
        moved: the new places of weights that have moved, by the key that names them.

    Raises:
        InputError: the run has no result, or cannot be retrained; its folder contains code and is not `trusted`; or
            its command, record and recorded configuration disagree.
    """
    record = run_record.read_own(run)
    if record.status not in REPRODUCIBLE:
        raise InputError(f"{run} is {record.status}: only completed and diverged runs can be reproduced.")
    config = read_config(run, trusted)
    if not is_of(record, config):
        raise InputError(
            f"{run}/run.json and {run}/.hydra/config.yaml have different configurations: one of the two was changed."
            " Get a fresh copy of the run."
        )
    flags, overrides = rerun_words(run, record, config)
    composed = check(run, flags, overrides, trusted)
    if not from_commit and (differing := changes(config, composed)):  # older code may have had other defaults
        raise InputError(
            f"The command of {run} does not match the run's configuration: {listed(differing)}. Get a fresh copy of the"
            " run, or add --from-commit if this version has other defaults."
        )
    overrides += [*data_root_override(config, data_root), *weight_overrides(run, record, config, moved)]
    folder = Path("outputs", "single", f"{datetime.now():%Y-%m-%d_%H-%M-%S-%f}")
    with checkout_of(run, record, trusted) if from_commit else nullcontext(provenance.ROOT) as code:
        place = str(folder.absolute()).replace("'", "\\'")
        # -P: what lies in the folder this is called from, such as a checkout, is not the code.
        single = [*SINGLE_RUN, f"hydra.run.dir='{place}'"]
        options = [word for flag in flags.items() for word in flag]
        command = [sys.executable, "-P", "-m", "ablate.cli", "train", *options, *overrides, *single]
        status = subprocess.run(command, env=environment(code, record)).returncode
    if status or not (folder / "run.json").exists():
        raise InputError(f"{run} could not be retrained: its training ended with status {status}, see above.")
    return compare(run, folder)


def rerun_words(run: Path, record: RunRecord, config: DictConfig) -> tuple[dict[str, str], list[str]]:
    """Return the flags and overrides of the recorded command, without the number of threads set by the launcher.

    Settings of a study, which a single run does not use, are left out as well.
    """
    try:
        words = shlex.split(record.rerun or "")
    except ValueError:
        words = []
    if words[:2] != ["ablate", "train"]:
        raise InputError(
            f"{run}/run.json has no `rerun` command of this version, so the run cannot be reproduced. Retrain it with"
            " `ablate train`."
        )
    flags: dict[str, str] = {}
    overrides = words[2:]
    while len(overrides) > 1 and overrides[0] in FLAGS:
        flags[overrides[0]], overrides = overrides[1], overrides[2:]  # the last one counts, as in Hydra
    for flag, folder in flags.items():
        if flag != "--config-name" and folder == options.FOLDER:
            flags[flag] = str((run / options.FOLDER).absolute())
    if OmegaConf.select(config, "trainer.threads") is None:  # set by the environment, as in the original run
        overrides = [word for word in overrides if not word.startswith("trainer.threads=")]
    return flags, [word for word in overrides if word not in SINGLE_RUN and not word.lstrip("+~").startswith("study.")]


def data_root_override(config: DictConfig, data_root: str | None) -> list[str]:
    """Return the override for the image folder; InputError if the data set has none."""
    if data_root is None:
        return []
    if OmegaConf.is_missing(config, "data") or "root" not in config.data:
        raise InputError("--data-root: the data set of this run has no image folder. Remove --data-root.")
    return [f"data.root={literal(str(Path(data_root).expanduser().absolute()))}"]


def weight_overrides(run: Path, record: RunRecord, config: DictConfig, moved: Mapping[str, str | None]) -> list[str]:
    """Return the overrides for pretrained weights and for the teacher, if they have moved.

    Raises:
        InputError: weights that the run was trained with are missing, or have another content.
    """
    settings, recorded = resolved(config), record.weights or {}
    places = {key: str(weights.place(value).absolute()) for key, value in moved.items() if value is not None}
    for key, path in places.items():
        if key not in recorded:
            raise InputError(f"{weights.FLAGS[key]}: {run} was trained without {key}. Remove {weights.FLAGS[key]}.")
        group, _, name = key.partition(".")
        settings[group][name] = path
    for key, flag in weights.FLAGS.items():
        if (sha256 := recorded.get(key)) is None:
            continue
        try:
            now = weights.hashes(settings).get(key)
        except InputError:
            now = None
        if now != sha256:
            state = f"has another content (SHA-256 {now})" if now else "is missing"
            group, _, name = key.partition(".")
            raise InputError(
                f"{run} needs {settings[group][name]} with SHA-256 {sha256}, which {state}. Pass its place with {flag}."
            )
    return [f"{key}={literal(path)}" for key, path in places.items()]


def check(run: Path, flags: Mapping[str, str], overrides: Sequence[str], trusted: bool) -> DictConfig:
    """Compose the configuration of a command; unless `trusted`, refuse one that would run code outside this package."""
    from ablate.config import register, validate

    register()
    if not trusted:
        recorded_command.check_command(run, flags, overrides)
    config = compose(flags, overrides)
    hydra = config.pop("hydra")
    if not trusted:
        recorded_command.check_hydra(run, hydra, compose({}, ()).hydra)
        trust.check(config, run, trusted=False)
        validate(config)
    return config


def compose(flags: Mapping[str, str], overrides: Sequence[str]) -> DictConfig:
    """Compose the configuration of a command, with Hydra's own settings under `hydra`."""
    import hydra
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.config_search_path import SearchPathQuery
    from hydra.core.global_hydra import GlobalHydra

    folder, main_folder = flags.get("--config-dir"), flags.get("--config-path", str(CONF))
    with hydra.initialize_config_dir(main_folder, version_base="1.3"):
        if folder:  # as Hydra's command line does, which alone finds a primary configuration there
            place = create_config_search_path(main_folder)
            place.prepend("command-line", f"file://{Path(folder).absolute()}", SearchPathQuery(provider="schema"))
            GlobalHydra.instance().clear()
            Hydra.create_main_hydra2("reproduce", place)
        words = [*overrides, *SINGLE_RUN]
        config = hydra.compose(flags.get("--config-name", PRIMARY), words, return_hydra_config=True)
    OmegaConf.set_struct(config, False)
    return config


def checkout_of(run: Path, record: RunRecord, trusted: bool) -> Any:
    """Check out the commit of the run in a temporary folder, with its uncommitted changes."""
    git = record.git
    if git is None or not git.commit:
        raise InputError(f"{run} was not trained from a checkout: no commit is known. Leave out --from-commit.")
    if not trusted and not provenance.is_ancestor(git.commit):
        raise InputError(
            f"{run} was trained with commit {git.commit!r:.80}, which is not part of the history of this checkout."
            f" Fetch or merge it with git. {trust.ADVICE}"
        )
    if git.dirty and not trusted:
        raise InputError(
            f"{run} was trained with uncommitted changes: --from-commit applies and runs its code.patch. {trust.ADVICE}"
        )
    return provenance.worktree(git.commit, run / "code.patch" if git.dirty else None)


def environment(code: Path, record: RunRecord) -> dict[str, str]:
    """Return the environment variables to train with the package in the folder `code` and the threads of the run."""
    paths = [str(code), *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = record.environment.threads if record.environment else None
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        **({"OMP_NUM_THREADS": str(threads)} if threads and threads <= THREADS else {}),
    }
