"""Verdicts in words for planted cases; agreement with scipy and scikit-posthocs."""

from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs as posthocs
from scipy.stats import friedmanchisquare, mannwhitneyu, rankdata
from statsmodels.stats import multitest

from nasengine.statistics.samples import holm, mean_ranks
from nasengine.statistics.verdicts import BETTER, FEW, UNCLEAR, WORSE, compare_pairs

RNG = np.random.default_rng(100)


@pytest.mark.parametrize(
    ("shift", "count", "kind", "sentence"),
    [
        (3.0, 20, BETTER, "dpp-net is better than random in hypervolume (20 seeds each, p < 0.001"),
        (-3.0, 20, WORSE, "dpp-net is worse than random in hypervolume (20 seeds each, p < 0.001"),
        (0.0, 20, UNCLEAR, "dpp-net and random: no clear difference in hypervolume (20 seeds"),
        (9.0, 3, FEW, "dpp-net and random: too few seeds (3 seeds each) to compare their hyper"),
    ],
)
def test_planted_cases_get_the_right_sentence(shift, count, kind, sentence):
    base = np.linspace(-1, 1, count)
    samples = {"dpp-net": (base + shift).tolist(), "random": base.tolist()}
    found = compare_pairs(samples)[("dpp-net", "random")]
    assert found.kind == kind
    assert found.sentence("dpp-net", "random", "hypervolume").startswith(sentence)


def test_a_sentence_names_the_correction_and_the_effect():
    base = np.linspace(-1, 1, 20)
    samples = {"a": (base + 3).tolist(), "b": base.tolist(), "c": (base + 0.1).tolist()}
    text = compare_pairs(samples)[("a", "b")].sentence("a", "b", "hypervolume")
    assert text == (
        "a is better than b in hypervolume (20 seeds each, Holm-corrected p < 0.001, large effect)."
    )


def test_p_values_agree_with_scipy_and_scikit_posthocs_on_random_data():
    for _ in range(5):
        samples = {name: RNG.normal(shift, 1, 12).tolist() for name, shift in
                   zip("abcd", (0, 0.3, 0.9, 1.8), strict=True)}  # fmt: skip
        verdicts = compare_pairs(samples)
        table = posthocs.posthoc_mannwhitney(list(samples.values()), p_adjust="holm")
        for (a, b), found in verdicts.items():
            at = ("abcd".index(a) + 1, "abcd".index(b) + 1)
            assert found.corrected_p == pytest.approx(table.loc[at])
            assert found.p == pytest.approx(mannwhitneyu(samples[a], samples[b]).pvalue)
        ranks = mean_ranks(samples)
        rows = np.array([rankdata([-samples[n][i] for n in "abcd"]) for i in range(12)])
        assert [ranks[n]["rank"] for n in "abcd"] == pytest.approx(rows.mean(axis=0).tolist())
        # Friedman's statistic follows from the mean ranks.
        chi = 12 * 12 / (4 * 5) * sum((ranks[n]["rank"] - 2.5) ** 2 for n in "abcd")
        assert chi == pytest.approx(friedmanchisquare(*samples.values()).statistic)


def test_holm_agrees_with_statsmodels():
    for count in (1, 2, 7, 20):
        p_values = RNG.random(count) ** 2
        ours = holm(dict(enumerate(p_values.tolist())))
        theirs = multitest.multipletests(p_values, method="holm")[1]
        assert [ours[i] for i in range(count)] == pytest.approx(theirs.tolist())
