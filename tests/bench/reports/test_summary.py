from pathlib import Path

from danceit.bench.reports.summary import BenchRun, label_of


def test_a_table_of_gaps_says_which_aligner_fills_them() -> None:
    run = BenchRun(
        out=Path("x"),
        title="x",
        cells=(),
        rows=("none", "learned", "inertial"),
        baseline="none",
        tables={},
        compared=(),
        fills={"none": "", "learned": "learned", "inertial": "learned"},
    )
    gaps = ("gap_px_4", "gap_px_8")
    assert label_of(run, "inertial", gaps) == "inertial (filled by learned)"
    assert label_of(run, "learned", gaps) == "learned"
    assert label_of(run, "none", gaps) == "none"
    # Beside other measures the row is the chain's own.
    assert label_of(run, "inertial", ("s_ba", "gap_px_8")) == "inertial"
