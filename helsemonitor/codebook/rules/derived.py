"""Rules of derived answers, universes and routing."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.rules.rule import rule, unknown_answers


@rule
def answers_of_clauses(book: Codebook) -> Iterator[str]:
    """A clause names answers of its item, and a derived answer is one of its item's."""
    for row in book.rows("derivations"):
        yield from unknown_answers(book, row, row["source_item"], "answers")
        yield from unknown_answers(book, row, row["item"], "answer")
    for row in book.rows("universes"):
        yield from unknown_answers(book, row, row["item"], "answers")


@rule
def clauses_over_answers(book: Codebook) -> Iterator[str]:
    """A clause looks at answers, and a derived item has answers; numbers have none."""
    for table, column in (("derivations", "source_item"), ("derivations", "item"), ("universes", "item")):
        for row in book.rows(table):
            kind = book.type_of(row["survey"], row[column])
            if kind["has_shares"] != "true":
                yield (
                    f"{row.place}: column {column} names {row[column]}, which is of type {kind['type']} and has no "
                    "answers to look at; name another item."
                )


@rule
def derived_once(book: Codebook) -> Iterator[str]:
    """A derived item is made of delivered ones only, never of itself or of a derived one, and no column holds it."""
    derived = {(row["survey"], row["item"]) for row in book.rows("derivations")}
    for row in book.rows("derivations"):
        if (row["survey"], row["source_item"]) in derived:
            circle = " (a circle)" if row["source_item"] == row["item"] else ""
            yield (
                f"{row.place}: {row['item']} is derived from {row['source_item']}, which is derived itself{circle}; "
                "name the delivered items that it is made of."
            )
    said = set()
    for row in book.rows("columns"):
        key = (row["survey"], row["item"])
        if key in derived and not row["ignored_reason"] and key not in said:
            said.add(key)
            yield (
                f"{row.place}: column {row['column_name']} holds item {row['item']}, which derivations.csv makes of "
                "other items; take one of the two out."
            )


@rule
def underived(book: Codebook) -> Iterator[str]:
    """Some clause gives each answer of a derived item."""
    given: dict[tuple[str, str], set[str]] = {}
    first: dict[tuple[str, str], Row] = {}
    for row in book.rows("derivations"):
        given.setdefault((row["survey"], row["item"]), set()).add(row["answer"])
        first.setdefault((row["survey"], row["item"]), row)
    for (survey, item), answers in given.items():
        for answer in book.answers_of(survey, item):
            if answer not in answers:
                yield (
                    f"{first[survey, item].place}: item {item} of {survey} is derived, but no clause gives its answer "
                    f"{answer}; add the clauses, or take the answer out of its answer set."
                )


@rule
def routing_in_a_circle(book: Codebook) -> Iterator[str]:
    """Nobody has to answer an item to be asked it, over however many items the way goes."""
    said = set()
    for survey, year in book.waves:
        graph: dict[str, set[str]] = {}
        rows: dict[str, Row] = {}
        for item in sorted(book.asked[survey, year]):
            row = book.routed_by(survey, year, item)
            if row:
                rows[item] = row
                graph[item] = _sources(book, survey, year, row["universe"])
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as circle:
            way = circle.args[1]
            place = rows[next(item for item in way if item in rows)].place
            if place not in said:
                said.add(place)
                yield (
                    f"{place}: in {survey} {year} the routing goes in a circle ({' -> '.join(reversed(way))}); an "
                    "item cannot be asked only of those who answered it. Correct routing.csv or universes.csv."
                )


def _sources(book: Codebook, survey: str, year: int, universe: str) -> set[str]:
    """Delivered items that decide who belongs to a universe."""
    found = set()
    for clause in book.universes.get((survey, universe), []):
        derivation = book.derived[survey, year].get(clause["item"], [])
        found |= {row["source_item"] for row in derivation} or {clause["item"]}
    return found


@rule
def routed_by_what_was_asked(book: Codebook) -> Iterator[str]:
    """A wave that routes an item asked what the universe's clauses look at, and offers one of their answers."""
    said = set()
    for survey, year in book.waves:
        for item in sorted(book.asked[survey, year]):
            row = book.routed_by(survey, year, item)
            for clause in book.universes.get((survey, row["universe"]), []) if row else []:
                asked = book.has(survey, year, clause["item"])
                offers = asked and set(clause.parts("answers")) & set(book.offered(survey, year, clause["item"]))
                key = (row.place if row else "", clause.place)
                if row and not offers and key not in said:
                    said.add(key)
                    what = "does not offer any of its answers" if asked else "did not ask"
                    yield (
                        f"{row.place}: item {item} is routed by universe {row['universe']}, whose clause looks at "
                        f"{clause['item']} ({clause.place}), and {survey} {year} {what}; end the range, or name "
                        "another universe."
                    )
