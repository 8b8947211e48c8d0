"""Tables as LaTeX: escaped, aligned, and as wide as the text at most."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from ablate.analysis import tables
from ablate.analysis.analyze import analyze
from ablate.analysis.latex_table import escaped, text_width, to_latex
from ablate.analysis.sources.any_source import Asked, of_frame

PDFLATEX = shutil.which("pdflatex")
HEAD = r"\documentclass[a4paper]{article}\usepackage{array,booktabs}\begin{document}"


def log_of(folder, sources) -> str:
    """The output of pdflatex for tables in an article of the default geometry."""
    (folder / "paper.tex").write_text(HEAD + "\n\\clearpage\n".join(sources) + "\\end{document}\n")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output[-2000:]
    return output


def test_a_name_is_escaped():
    assert escaped(r"5 %_a&b $x^2~{y}\z|<") == (
        r"5 \%\_a\&b \$x\textasciicircum{}2\textasciitilde{}\{y\}\textbackslash{}z$|$$<$"
    )
    assert escaped("é 猫") == r"é \textbackslash{}u732b"  # the default fonts have no such character


def test_no_part_of_a_table_has_control_characters():
    table = to_latex(pd.DataFrame({"a\x1b[2J": ["b\x00"]}), note="c\x07\x9b d")
    assert all(char.isprintable() or char == "\n" for char in table)


def test_a_bracket_after_a_line_break_is_not_its_argument():
    table = to_latex(pd.DataFrame({"Setting": ["[8]", "*"], "Difference [95 % CI]": ["[1]", "[2]"]}))
    assert not re.search(r"\\\\\s*[\[*]", table) and table.count("{}[") == 4  # [8], [1], [2], [95 % CI]


def test_numbers_are_on_the_right_and_symbols_are_math():
    frame = pd.DataFrame({"Variant": ["a", "b"], "n (seeds)": ["5", "4†"], "p (Holm)": ["< 0.001", "—"],
                          "g_z": ["−1.00", "2.00"], "Verdict": ["better", "worse"]})  # fmt: skip
    text = to_latex(frame, frozenset({0}), "g_z: the effect in % of it.")
    assert r"\begin{tabular}{@{}lrrrl@{}}" in text and text.count(r"\textbf{a}") == 1
    assert r"Variant & \shortstack[r]{$n$\\(seeds)} & \shortstack[r]{$p$\\(Holm)} & $g_z$ & Verdict \\" in text
    assert r"4\rlap{$^\dagger$} & --- &" in text and r"in \% of it." in text


def test_columns_that_do_not_fit_are_in_a_further_table():
    frame = pd.DataFrame([["variant", *("100.00 ± 10.00" for _ in range(9))]], columns=["Variant", *map(str, range(9))])
    parts = to_latex(frame).split(r"\begin{tabular}")[1:]
    assert len(parts) > 1 and all(part.count("variant") == 1 for part in parts)
    assert sum(part.count("100.00") for part in parts) == 9


def test_the_width_of_a_text_is_that_of_computer_modern():
    """TeX's cmr8.tfm: every digit is .531 em wide."""
    assert 0.531 * 8 * 10 <= text_width("0123456789") <= 1.05 * 0.531 * 8 * 10


LONG = "a_very_long_option_name=with_many_parts_and_more, augmentation=randaugment_and_cutmix_and_label_smoothing"
NAMES = {"long": [LONG, "x" * 90, "[128, 256, 512]", '"é" 猫 _&%#$<x>@`\\~^'], "one": [], "seven": list("abcdef")}
NAMES["twenty"] = [f"level_{number}" for number in range(19)]


@pytest.mark.integration
@pytest.mark.skipif(PDFLATEX is None, reason="needs pdflatex with booktabs (texlive-latex-recommended)")
@pytest.mark.parametrize("names", NAMES)
def test_every_table_of_a_study_fits_an_article(make_study, tmp_path, names):
    levels = ["first", *NAMES[names]]
    cells = {"baseline": {seed: 0.5 + seed / 100 for seed in range(3)}}
    cells |= {f"model={level}": {0: 0.6 + n / 1000, 1: 0.61, 2: "diverged"} for n, level in enumerate(NAMES[names])}
    cells |= {"norm=y": {0: 0.5, 1: 0.6, 2: "failed"}}
    study = make_study(cells, {"model": levels, "norm": ["x", "y"]}, classes=10, margin=1.0)
    for path in study.rglob("run.json"):
        logits = np.eye(10, dtype=np.float16)[[0, 1, *range(10)]]
        np.savez(path.with_name("val_predictions.npz"), label=[0, 0, *range(10)], logits=logits, index=range(12))
    every = tables.all_tables(analyze(study))
    assert {"effects", "classes", "failures"} <= set(every)
    log = log_of(tmp_path, [to_latex(table.cells, table.strong, table.note) for table in every.values()])
    assert not re.findall(r"Overfull \\hbox.*", log)


@pytest.mark.integration
@pytest.mark.skipif(PDFLATEX is None, reason="needs pdflatex with booktabs (texlive-latex-recommended)")
def test_the_tables_of_a_foreign_metric_fit_an_article(tmp_path):
    draw = np.random.default_rng(0)
    rows = [{"method": m, "seed": s, "episode_return_mean": draw.normal(12345, 99)} for m in "abc" for s in range(4)]
    asked = Asked("episode_return_mean", "seed", ["method"], None, "max", 50.0, None, None)
    every = tables.all_tables(of_frame(pd.DataFrame(rows), asked, tmp_path))
    log = log_of(tmp_path, [to_latex(table.cells, table.strong, table.note) for table in every.values()])
    assert not re.findall(r"Overfull \\hbox.*", log)
