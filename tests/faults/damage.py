"""Random damage to files: changed bytes, truncation, other contents; in JSON also values of another type."""

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from ablate.terminal.errors import InputError

Damage = Callable[[bytes], bytes]


@st.composite
def flips(draw: st.DrawFn) -> Damage:
    """Up to eight bytes become others, anywhere in a file."""
    places = draw(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))

    def damage(content: bytes) -> bytes:
        changed = bytearray(content)
        for place, value in places:
            changed[int(place * len(changed))] = value
        return bytes(changed)

    return damage


cuts = st.floats(0, 1, exclude_max=True).map(lambda part: lambda content: content[: int(part * len(content))])
anything = st.binary(max_size=200).map(lambda content: lambda _: content)
bytewise = st.one_of(flips(), cuts, anything)

numbers = st.one_of(st.integers(), st.floats(), st.just(10**400))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def places(content: object, above: tuple = ()) -> list[tuple]:
    """The paths to all that is inside a JSON value."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path for name, value in inside for path in [(*above, name), *places(value, (*above, name))]]


@st.composite
def restructured(draw: st.DrawFn) -> Damage:
    """A value somewhere in a JSON file becomes another, of any type, or is gone."""
    where, gone, value = draw(st.floats(0, 1, exclude_max=True)), draw(st.booleans()), draw(values)

    def damage(content: bytes) -> bytes:
        whole = json.loads(content)
        known = places(whole)
        *above, name = known[int(where * len(known))]
        inside = whole
        for step in above:
            inside = inside[step]
        if gone:
            del inside[name]
        else:
            inside[name] = value
        return json.dumps(whole).encode()

    return damage


def damaged(path: Path, read: Callable[[], object]) -> Callable[[Damage], None]:
    """A check that reads after the file at `path` was damaged: it may be refused, and the file is as before then."""
    good = path.read_bytes()

    def check(damage: Damage) -> None:
        path.write_bytes(damage(good))
        try:
            read()
        except InputError as refusal:
            assert str(refusal)
        finally:
            path.write_bytes(good)

    return check
