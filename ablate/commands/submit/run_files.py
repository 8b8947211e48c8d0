"""Add the selected run to a submission: its code, its weights, its record and its configuration."""

import hashlib
import json
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ablate.commands.submit import submitted_code
from ablate.commands.submit.contents import MB, Contents
from ablate.config.schema.submission import Submission
from ablate.runs import provenance, run_record, test_result
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_homes

DATA_ROOT = "${oc.env:ABLATE_DATA,'~/.cache/ablate/data'}"  # replaces the image folder of this machine


def add_code(contents: Contents, config: DictConfig, run: RunRecord, rules: Submission) -> str:
    """Add the package, the user's modules and requirements.txt; return the code changes since the run."""
    user_files, packages = submitted_code.user_files(
        submitted_code.targets(OmegaConf.to_container(config, resolve=False))
    )
    files = {**submitted_code.package_files(), **user_files}
    members = {f"{rules.code}/{name}": path.read_bytes() for name, path in files.items()}
    members[f"{rules.code}/requirements.txt"] = submitted_code.requirements(packages).encode()
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


def add_weights(contents: Contents, rules: Submission, link: str | None) -> tuple[str, str | None]:
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


def add_run(contents: Contents, folder: Path, run: RunRecord, config: DictConfig) -> str | None:
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
