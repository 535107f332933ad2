"""Tests keep their level and intervals their coverage: the table of docs/statistics.md, and where it comes from."""

from tests.integration.simulated_inference import DOCUMENT, SIZES, TABLE, WEIGHTS, lines_of, simulate

# Percent, from ten respondents up; a rate of 3,600 samples and more is known to within 0.7 points or so.
LEVEL = (3, 7)
COVERAGE = (93, 97)


def cells_of(line: str) -> list[str]:
    """Cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def written() -> dict[tuple[str, int], list[str]]:
    """Cells of the document's table by weights and size."""
    found = TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found
    return {(weights, int(size)): cells for weights, size, *cells in map(cells_of, found[0].splitlines()[2:])}


def test_levels_and_coverage_hold_from_ten_respondents_up() -> None:
    table = written()
    assert set(table) == {(weights, size) for weights in WEIGHTS for size in SIZES}
    tested = 0
    for (weights, size), cells in table.items():
        for place, cell in enumerate(cells):
            if size < 10:
                # No test stands on so few.
                assert (cell == "") == (place % 3 < 2), (weights, size)
            elif place % 3 == 2:
                assert COVERAGE[0] <= float(cell) <= COVERAGE[1], (weights, size, cell)
            elif cell:
                tested += 1
                assert LEVEL[0] <= float(cell) <= LEVEL[1], (weights, size, cell)
    # Weights leave ten respondents an effective size below ten, and skewed ones most pairs of twenty.
    assert tested == 4 * (2 * 6 + 2 * 5 + 2 * 5 - 1)


def test_the_table_is_what_the_models_make_of_the_samples() -> None:
    """A part of the table simulated anew."""
    table = written()
    for line in lines_of(simulate(["none", "skewed"], [10, 50])):
        weights, size, *cells = cells_of(line)
        assert table[weights, int(size)] == cells
