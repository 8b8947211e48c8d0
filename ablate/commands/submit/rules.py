"""Rules of a submission: file names and size limits, from `conf/submission/` or a file of the same form."""

import dataclasses
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.config import CONF, trust, validate
from ablate.config.schema.submission import NAMES, Submission
from ablate.files import bounded
from ablate.terminal.errors import InputError

MAX_BYTES = 64 * bounded.KIB


def read(name: str, student: str) -> Submission:
    """Read the rules of a submission. Nothing in the file is evaluated.

    Args:
        name: an option of `conf/submission/`, or the path of a YAML file.
        student: the student ID, which replaces `{id}` in the names.

    Raises:
        InputError: the file is missing, or has an unknown key or an invalid value.
    """
    known = sorted(path.stem for path in (CONF / "submission").glob("*.yaml"))
    path = CONF / "submission" / f"{name}.yaml" if name in known else Path(name)
    try:
        text = bounded.contents(path, MAX_BYTES).decode()
        if "${" in text:
            raise ValueError("interpolations are not supported")
        trust.check_yaml(text)
        config: Any = OmegaConf.merge(OmegaConf.structured(Submission), OmegaConf.create(text))
        validate(config)
        rules: Any = OmegaConf.to_object(config)
        names = {key: value.replace("{id}", student) for key in NAMES if (value := getattr(rules, key)) is not None}
        submission: Submission = dataclasses.replace(rules, **names)
        return submission
    except FileNotFoundError:
        raise InputError(f"--submission {name}: not a file and not one of {', '.join(known)}.") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError, YAMLError, OmegaConfBaseException) as error:
        key = getattr(error, "full_key", None)
        reason = " ".join(str(error).partition("\n    full_key")[0].split())
        raise InputError(f"{path} is not a valid submission file: {f'{key}: ' if key else ''}{reason}.") from None
