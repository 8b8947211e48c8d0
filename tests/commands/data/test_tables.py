"""The printed tables and remarks."""

import io

from rich.console import Console

from ablate.commands.data.tables import class_table, remarks


def printed(renderable) -> str:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    console.print(renderable)
    return console.file.getvalue()


def test_only_the_first_25_classes_are_listed():
    facts = {
        "classes": {f"c{label}": {"train": 1000 + label, "validation": 7} for label in range(30)},
        "images": {"train": 30435, "validation": 210},
    }
    rows = [line.split() for line in printed(class_table(facts)).splitlines()]
    assert ["c24", "1,024", "7"] in rows and ["c25", "1,025", "7"] not in rows
    assert ["all,", "including", "5", "not", "listed", "30,435", "210"] in rows


def test_remarks():
    facts = {
        "images": {"unused": 1200, "test": None, "split": "stratified"},
        "files": {
            "width": {"smallest": 4, "median": 6.5, "largest": 9},
            "height": {"smallest": 5, "median": 5.0, "largest": 5},
            "sizes": 2,
        },
        "largest_class": {"name": "cat", "validation_share": 0.125, "validation_macro_f1": 0.111},
        "warnings": ["Beware."],
    }
    assert remarks(facts)[1:] == [
        "Unused images because of data.train_limit: 1,200.",
        "No test set.",
        "Image files: 2 sizes, width 4 to 9 (median 6.5), height 5.",
        "Majority-class baseline (always predict cat): 12.5 % validation accuracy, 11.1 % macro-F1.",
        "Warning: Beware.",
    ]
