"""The folder of the option files."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# In a wheel conf/ is inside the package, in a checkout next to it.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"
