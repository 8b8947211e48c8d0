"""All pairs of variants as a sentence."""

from ablate.analysis.report.verdict_sentences import NAMED
from ablate.analysis.results import Results
from ablate.terminal.text import first_few


def all_pairs(results: Results) -> list[str]:
    """The letters of each variant, the best first; none if all pairs were not asked for."""
    pairs = results.pairs
    if pairs is None or len(pairs.letters) < 2:
        return []
    texts = [f"{results.labels[name]} {letters}" for name, letters in pairs.letters.items()]
    return [
        f"All {len(pairs.table)} pairs (exploratory, separate Holm correction), best first. Variants that share a"
        f" letter do not differ significantly: {first_few(texts, 4 * NAMED, '; ')}."
    ]
