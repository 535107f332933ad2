"""Rules of the register: what differs between waves is registered, and what is registered can be used."""

from collections.abc import Iterator

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import suggestion
from helsemonitor.codebook.rules.rule import rule

EVERY_ITEM = "*"


@rule
def change_of_something(book: Codebook) -> Iterator[str]:
    """A change names items that exist; only an event of the context may name all."""
    for row in book.rows("changes"):
        known = [item for survey, item in book.items if survey == row["survey"]]
        for item in row.parts("items"):
            if item == EVERY_ITEM and row["change_type"] != "context_event":
                yield (
                    f"{row.place}: change {row['change_id']} names all items (*); only a context_event may. Name the "
                    "items."
                )
            elif item != EVERY_ITEM and item not in known:
                yield (
                    f"{row.place}: change {row['change_id']} names item {item}, which items.csv does not have for "
                    f"{row['survey']}{suggestion(item, known)}; correct the name."
                )


@rule
def change_between_waves(book: Codebook) -> Iterator[str]:
    """A change takes effect in a declared wave, or in one that only a printed report knows."""
    printed = {(row["survey"], int(row["year"])) for row in book.rows("published_results")}
    for row in book.rows("changes"):
        years = book.years.get(row["survey"], [])
        if int(row["year"]) not in years and (row["survey"], int(row["year"])) not in printed:
            yield (
                f"{row.place}: change {row['change_id']} takes effect in {row['year']}, in which {row['survey']} has "
                "no wave; write the first wave after the change."
            )


@rule
def break_breaks_something(book: Codebook) -> Iterator[str]:
    """A change judged a break says which kinds of indicators it breaks; an event of the context breaks none."""
    kinds = [row["kind"] for row in book.rows("kinds")]
    for row in book.rows("changes"):
        if row["assessed_impact"] == "break" and not row["breaks"]:
            yield (
                f"{row.place}: change {row['change_id']} is judged a break and breaks nothing; write the kinds of "
                f"indicators in breaks ({', '.join(kinds)}), or another assessed_impact."
            )
        if row["change_type"] == "context_event" and row["breaks"]:
            yield f"{row.place}: change {row['change_id']} is a context_event, which breaks no series; take breaks out."


@rule
def unaffected_but_reachable(book: Codebook) -> Iterator[str]:
    """An indicator that a change is said not to reach is one that it could reach."""
    indicators = {(row["survey"], row["indicator"]): row["item"] for row in book.rows("indicators")}
    reached: dict[tuple[str, str], set[str]] = {}
    for row in book.rows("derivations"):
        reached.setdefault((row["survey"], row["source_item"]), set()).add(row["item"])
    for row in book.rows("routing"):
        for clause in book.universes.get((row["survey"], row["universe"]), []):
            reached.setdefault((row["survey"], clause["item"]), set()).add(row["item"])
    for row in book.rows("changes"):
        items, new = set(row.parts("items")), set(row.parts("items"))
        while new:
            new = {item for source in new for item in reached.get((row["survey"], source), set())} - items
            items |= new
        for indicator in row.parts("unaffected_indicators"):
            item = indicators.get((row["survey"], indicator), "")
            if item and item not in items:
                yield (
                    f"{row.place}: change {row['change_id']} says that it does not reach indicator {indicator}, whose "
                    f"item {item} it does not touch; take it out, or correct the name."
                )


@rule
def unregistered_answers(book: Codebook) -> Iterator[str]:
    """Answers of an item, and their delivered labels, that differ from the wave before are registered as a change."""
    for survey, item, before, year in book.asked_steps():
        old, new = (_form(book, survey, wave, item) for wave in (before, year))
        if old != new and not book.changed(survey, item, before, year):
            added, removed = sorted(new - old), sorted(old - new)
            yield (
                f"{book.shown('changes')}: the answers of item {item} of {survey} differ between {before} and {year} "
                f"({len(added)} new: {(added or ['none'])[0]}; {len(removed)} gone: {(removed or ['none'])[0]}), and "
                f"no change is registered for {year}; add a row that says what changed and what it breaks, or correct "
                "the code list."
            )


def _form(book: Codebook, survey: str, year: int, item: str) -> set[str]:
    return {f'{answer} "{label}"' if label else answer for answer, label in book.offered(survey, year, item).items()}


@rule
def unregistered_filter(book: Codebook) -> Iterator[str]:
    """Who is asked an item differs from the wave before only with a registered change of type filter_*."""
    for survey, item, before, year in book.asked_steps():
        old, new = (book.routed_by(survey, wave, item) for wave in (before, year))
        names = [row["universe"] if row else "" for row in (old, new)]
        people = [book.people_of(survey, wave, name) for wave, name in zip((before, year), names, strict=True)]
        filters = [row for row in book.changed(survey, item, before, year) if row["change_type"].startswith("filter_")]
        if people[0] != people[1] and not filters:
            said = [f"universe {name}" if name else "everybody" for name in names]
            how = f"{said[0]} and {said[1]}" if names[0] != names[1] else f"{said[0]}, whose clauses mean other people"
            yield (
                f"{book.shown('changes')}: who is asked item {item} of {survey} differs between {before} and {year} "
                f"({how}), and no change of type filter_narrowed, filter_widened or filter_question_changed is "
                f"registered for {year}; add a row that says what changed and what it breaks, or correct routing.csv."
            )


@rule
def unregistered_derivation(book: Codebook) -> Iterator[str]:
    """How an item is derived differs from the wave before only with a registered change of it or of a source."""
    for survey, item in sorted({(row["survey"], row["item"]) for row in book.rows("derivations")}):
        for before, year in book.steps(survey, item):
            clauses = [
                {
                    (row["answer"], row["source_item"], row["operator"], frozenset(row.parts("answers")))
                    for row in book.derived[survey, wave].get(item, [])
                }
                for wave in (before, year)
            ]
            sources = {clause[1] for found in clauses for clause in found}
            if clauses[0] != clauses[1] and not any(
                book.changed(survey, changed, before, year) for changed in (item, *sources)
            ):
                yield (
                    f"{book.shown('changes')}: item {item} of {survey} is derived otherwise in {year} than in "
                    f"{before}, and no change is registered for {year}; add a row that says what changed and what it "
                    "breaks, or correct derivations.csv."
                )
