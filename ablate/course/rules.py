"""What is handed in, by the words of `conf/submission/`."""

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

LARGEST = 64 * bounded.KIB


def read(name: str, student: str) -> Submission:
    """The rules in a file, or those of that name in `conf/submission/`, the student's id put into the names.

    Nothing in the file is evaluated.

    Raises:
        InputError: there are none, or they have a key that is none, or a value that is not allowed.
    """
    known = sorted(path.stem for path in (CONF / "submission").glob("*.yaml"))
    path = CONF / "submission" / f"{name}.yaml" if name in known else Path(name)
    try:
        text = bounded.contents(path, LARGEST).decode()
        if "${" in text:
            raise ValueError("interpolations are not read")
        trust.check_yaml(text)
        config: Any = OmegaConf.merge(OmegaConf.structured(Submission), OmegaConf.create(text))
        validate(config)
        rules: Any = OmegaConf.to_object(config)
        names = {key: value.replace("{id}", student) for key in NAMES if (value := getattr(rules, key)) is not None}
        submission: Submission = dataclasses.replace(rules, **names)
        return submission
    except FileNotFoundError:
        raise InputError(f"--submission {name}: there is no such file, nor one of {', '.join(known)}.") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError, YAMLError, OmegaConfBaseException) as error:
        key = getattr(error, "full_key", None)
        reason = " ".join(str(error).partition("\n    full_key")[0].split())
        raise InputError(f"{path} cannot be used: {f'{key}: ' if key else ''}{reason}.") from None
