"""Whatever a person writes into a label or an id stands in the marts as it was written."""

import csv
import shutil
from pathlib import Path

import pytest

from helsemonitor.settings import PROJECT_DIR
from tests.fast_road import Outcome, fast_road

CYCLISTS = PROJECT_DIR / "tests" / "fixtures" / "cyclists"
# An id of the fixture -> what it is called here, in every file.
IDS = {
    "mood": "hu\"mør 'i' {{ by }}.🚲 %s; --",
    "mood_good": "=1+1 {% raw %} <b>",
    "great": "so, «helt»; {enig}? 💯",
    "sex": 'kjønn/"gender" {0}',
    "f": "k;v,i.n'ne $1 \\n",
    "riders": "de som {{ syklet }}; 'ja'",
}
LABELS = {
    ("items", "rides"): '=SUM(A1) "quoted", <script>alert(1)</script> {{ var }}',
    ("answers", "bad"): "100 % {% if %} ; two\nlines 🚲",
    ("breakdowns", "m"): "'; drop table x; -- \\ {0} %(a)s",
    ("indicators", "helmet"): "+47 {# none #} -- /* */ €",
}
NAMED = {"items": "item", "answers": "answer", "breakdowns": "group_key", "indicators": "indicator"}


def _renamed(cell: str) -> str:
    return "|".join(IDS.get(part, part) for part in cell.split("|"))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The fixture with other ids and labels, at the end of the road."""
    folder = tmp_path_factory.mktemp("text")
    seeds = Path(shutil.copytree(CYCLISTS, folder / "seeds"))
    for path in (seeds / "codebook").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            label = LABELS.get((path.stem, row.get(NAMED.get(path.stem, ""), "")))
            kept = ("column_name", "code", "code_list")
            row.update({name: cell if name in kept else _renamed(cell) for name, cell in row.items()})
            if label:
                row["label_no"] = row["label_en"] = label
        if not rows:
            continue
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return fast_road(seeds, folder / "build")


def column(outcome: Outcome, table: str, name: str) -> set[str]:
    return {row[0] for row in outcome.rows(f"select distinct {name} from marts.{table}")}


def test_the_road_is_open(outcome: Outcome) -> None:
    assert outcome.sentences == ()


@pytest.mark.parametrize(
    ("table", "name", "key"),
    [
        ("dim_item", "item", "mood"),
        ("dim_answer", "answer", "great"),
        ("dim_indicator", "indicator", "mood_good"),
        ("dim_breakdown_group", "breakdown", "sex"),
        ("dim_breakdown_group", "group_key", "f"),
        ("fct_indicators", "indicator", "mood_good"),
        ("fct_indicators", "breakdown", "sex"),
        ("fct_cells", "answer", "great"),
    ],
)
def test_ids_are_as_written(outcome: Outcome, table: str, name: str, key: str) -> None:
    found = column(outcome, table, name)
    assert IDS[key] in found
    assert key not in found


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("dim_item", ("items", "rides")),
        ("dim_answer", ("answers", "bad")),
        ("dim_breakdown_group", ("breakdowns", "m")),
        ("dim_indicator", ("indicators", "helmet")),
    ],
)
def test_labels_are_as_written(outcome: Outcome, table: str, key: tuple[str, str]) -> None:
    assert LABELS[key] in column(outcome, table, "label_no")
    assert LABELS[key] in column(outcome, table, "label_en")


def test_names_change_no_number(outcome: Outcome) -> None:
    """Men and women of 2021 who find the town good to ride in, counted in the raw file: answers C and D of A to D."""
    with (CYCLISTS / "raw" / "cyclists_2021.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["mood"]]
    women = [row for row in rows if row["s1"] == "F"]
    weights = {good: sum(float(row["wgt"]) for row in women if (row["mood"] in "CD") == good) for good in (True, False)}
    expected = 100 * weights[True] / sum(weights.values())
    indicator, breakdown, group = (IDS[key].replace("'", "''") for key in ("mood_good", "sex", "f"))
    found = outcome.rows(
        f"select value from marts.fct_indicators where indicator = '{indicator}' and breakdown = '{breakdown}' "
        f"and group_key = '{group}' and year = 2021 and basis = 'as_published'"
    )
    assert [float(value) for (value,) in found] == [pytest.approx(expected, abs=0.01)]
