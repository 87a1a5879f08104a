"""Images and words per second of a learning curve."""

from __future__ import annotations

from webapp.runs.throughput import throughput_of
from webapp.runs.views.candidate import curve_table


def test_the_curve_of_a_candidate_ends_with_its_throughput():
    earlier = {"epoch": 1, "train_loss": 2.0, "seconds": 5.0}  # as releases without counts report
    words = {"epoch": 2, "seconds": 6.0, "train_words": 10_000, "train_seconds": 4.0}
    assert throughput_of(earlier) is None
    assert throughput_of({**words, "train_seconds": None}) is None
    assert throughput_of(words).text == "2500 words/s"
    table = curve_table([earlier, words])
    assert table["columns"] == ["epoch", "train_loss", "seconds", "words/s"]
    assert table["rows"] == [[1, 2.0, 5.0, None], [2, None, 6.0, 2500.0]]
