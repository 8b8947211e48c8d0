import pytest

from ablate.data.class_order import class_order


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "2", "10"], ["2", "9", "10"]),
        (["3.0", "1.0", "-2.0"], ["-2", "1", "3"]),
        (["03", "3", "1"], ["1", "3"]),
        (["10", "9", "2b"], ["10", "2b", "9"]),
        (["1.5", "10", "2"], ["1.5", "10", "2"]),
        (["cat", "Dog", "ant"], ["Dog", "ant", "cat"]),
        (["True", "False"], ["False", "True"]),
    ],
)
def test_integers_are_sorted_by_value_and_all_else_as_text(labels: list[str], classes: list[str]) -> None:
    for order in (labels, labels[::-1]):
        names = class_order(order)
        assert list(dict.fromkeys(names.values())) == classes
        assert set(names) == set(labels)
