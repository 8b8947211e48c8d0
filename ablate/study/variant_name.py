"""The name of a variant, which is also its folder: safe and short."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping

from ablate.runs.study_plan import BASELINE
from ablate.terminal.text import without_home

LONGEST = 120  # bytes; file systems allow 255, paths on some of them 260 in all


def variant_name(levels: Mapping[str, str], baseline: Mapping[str, str]) -> str:
    """Name a variant by its differences from the baseline: `model=cnn+augmentation=none`. Valid as a folder name."""
    changes = [f"{factor}={level}" for factor, level in levels.items() if level != baseline[factor]]
    name = "+".join(changes) or BASELINE
    safe = unicodedata.normalize("NFC", re.sub(r"[^\w.=+,\[\]-]", "-", without_home(name)))  # a level may be a path
    encoded = safe.encode()
    if safe == name and len(encoded) <= LONGEST:
        return name
    start = encoded[: LONGEST - 9].decode(errors="ignore")  # a character that is cut in two is dropped
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
