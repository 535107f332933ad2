"""docs/comparability.md is what the marts say, and says what is known by hand."""

from pathlib import Path

import pytest

from helsemonitor.documents import comparability
from helsemonitor.documents.comparability import Book, ItemPage
from helsemonitor.releases import DATABASE
from helsemonitor.settings import PROJECT_DIR, Settings
from tests.integration.conftest import Refresh

PERSONNEL, CITIZENS = "helsepersonell", "innbygger"


@pytest.fixture(scope="module")
def database(first: Refresh) -> Path:
    return first.release / DATABASE


@pytest.fixture(scope="module")
def pages(database: Path) -> dict[tuple[str, str], ItemPage]:
    book = Book(database)
    return {(survey, page.row["item"]): page for survey in (PERSONNEL, CITIZENS) for page in book.pages(survey)}


@pytest.fixture(scope="module")
def text(database: Path) -> str:
    return comparability.document(database)


def section(text: str, survey: str, item: str) -> str:
    part = next(part for part in text.split("\n## ") if f"(`{survey}`)\n" in part.partition("\n\n")[0] + "\n")
    return next(page for page in part.split("\n### ") if f"(`{item}`)" in page.splitlines()[0])


def test_the_document_is_fresh(text: str) -> None:
    path = PROJECT_DIR / "docs" / "comparability.md"
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_changed_item_has_its_section(text: str, pages: dict[tuple[str, str], ItemPage]) -> None:
    headings = [line for line in text.splitlines() if line.startswith("### ") and line.endswith("`)")]
    assert len(headings) == len(pages)
    assert all(section(text, survey, item) for survey, item in pages)


def test_an_added_midpoint_breaks_shares_and_is_bridged(text: str, pages: dict[tuple[str, str], ItemPage]) -> None:
    page = pages[CITIZENS, "digital_as_thorough"]
    shares = next(one for one in page.series if one.name == "digital_as_thorough_agree")
    net = next(one for one in page.series if one.kind == "net")
    assert shares.segments == ((2019, 2020, 2021, 2022), (2023, 2024, 2025))
    assert (net.segments, net.differs) == ((tuple(range(2019, 2026)),), (2023,))
    assert page.reading(2023) == "bridged"
    said = section(text, CITIZENS, "digital_as_thorough")
    assert "| share, answer shares | 2019–2022 · 2023–2025 |  |" in said
    assert "| net, position share | 2019–2025 | 2023 |" in said
    assert "(likely effect; fig 8.1)" in said
    assert "not needed, who is asked does not change" in said


def test_a_narrowed_filter_is_rebuilt_in_the_bridge_year(text: str, pages: dict[tuple[str, str], ItemPage]) -> None:
    page = pages[PERSONNEL, "preferred_channel"]
    assert (page.like_for_like, page.bridges, page.lost) == ("rebuilt", [2022], [2019, 2020, 2021])
    assert page.reading(2023) == "partly"
    broken = {one.name for one in page.broken(2023)}
    assert broken == {"preferred_channel_physical_mean", "preferred_channel_other_mean"}
    said = section(text, PERSONNEL, "preferred_channel")
    assert "yes, 2022 can be cut down to the filter of 2024 and has both bases; not 2019–2021 (L)." in said
    assert "compare from 2022 on" in said


def test_a_moved_filter_cannot_be_undone(text: str, pages: dict[tuple[str, str], ItemPage]) -> None:
    page = pages[CITIZENS, "video_satisfaction"]
    assert (page.like_for_like, page.lost) == ("lost", [2019, 2020, 2021, 2022, 2023, 2024])
    assert page.reading(2025) == "recorded"
    assert "no earlier wave can be cut down to the filter of 2025" in section(text, CITIZENS, "video_satisfaction")


@pytest.mark.parametrize(
    ("survey", "item", "year", "reading"),
    [
        (PERSONNEL, "video_satisfaction", 2023, "all_break"),
        (PERSONNEL, "ehr_satisfaction", 2023, "runs_on"),
        (PERSONNEL, "ehr_satisfaction", 2024, "recorded"),
        (PERSONNEL, "trust_integrity", 2023, "begins"),
        (PERSONNEL, "information_security_earlier", 2023, "not_published"),
        (CITIZENS, "gp_video_used", 2025, "ends"),
        (CITIZENS, "helsenorge_heard", 2021, "partly"),
        (CITIZENS, "helsenorge_heard_any", 2021, "recorded"),
        (CITIZENS, "helsenorge_visited_any", 2024, "all_break"),
    ],
)
def test_how_to_read(survey: str, item: str, year: int, reading: str, pages: dict[tuple[str, str], ItemPage]) -> None:
    assert pages[survey, item].reading(year) == reading


def test_counties_and_events(text: str) -> None:
    county = section(text, PERSONNEL, "county")
    assert "Viken (2019–2023 only)" in county
    assert "`county_stable` holds in every wave" in county
    assert "- **2020–2021**, everybody:" in text
    assert "- **2022–2024**, Møre og Romsdal, Trøndelag, Helse Midt-Norge:" in text


def test_spans_of_years() -> None:
    waves = [2019, 2020, 2022, 2023]
    assert comparability.spans([2019, 2020, 2022], waves) == "2019–2022"
    assert comparability.spans([2019, 2022, 2023], waves) == "2019, 2022–2023"
    assert comparability.spans([], waves) == ""


def test_check_says_when_the_document_is_stale(
    first: Refresh, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    settings = Settings(tmp_path, tmp_path / "seeds", tmp_path / "build")
    monkeypatch.setattr(Settings, "from_environment", lambda: settings)
    assert comparability.main(["--check"]) == 1
    assert "build/published/current/helsemonitor.duckdb is not there; run `helsemonitor refresh` first." in (
        capsys.readouterr().err
    )
    settings.published_dir.mkdir(parents=True)
    (settings.published_dir / "current").symlink_to(first.release)
    assert comparability.main(["--check"]) == 1
    assert "docs/comparability.md is not what the marts say; run `make docs`." in capsys.readouterr().err
    assert comparability.main([]) == 0
    assert comparability.main(["--check"]) == 0
    document = tmp_path / "docs" / "comparability.md"
    assert document.read_text(encoding="utf-8") == text
    document.write_text(text.replace("answer added", "answer gone"), encoding="utf-8")
    assert comparability.main(["--check"]) == 1
