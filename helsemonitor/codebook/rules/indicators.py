"""Rules of indicators and comparisons: kind, item type, denominator, answers and unit fit."""

from collections.abc import Iterator

from helsemonitor.codebook.book import Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.rules.rule import rule, unknown_answers

COUNTS = {"none": "no answers", "one": "exactly one answer", "some": "one answer or more"}
# Points of an allocation are percent, too.
OF_A_HUNDRED = {"percent", "points"}
DENOMINATORS = ("answered", "substantive", "position")


def _kinds(book: Codebook) -> dict[str, Row]:
    return {row["kind"]: row for row in book.rows("kinds")}


@rule
def kinds_make_sense(book: Codebook) -> Iterator[str]:
    """A kind goes with item types and denominators that exist, and scores what it counts."""
    for row in book.rows("kinds"):
        for triple in row.parts("goes_with"):
            parts = [*triple.split(":"), "", ""][:3]
            if (
                triple.count(":") != 2
                or parts[0] not in book.item_types
                or parts[1] not in DENOMINATORS
                or parts[2] not in COUNTS
            ):
                yield (
                    f"{row.place}: kind {row['kind']} goes with '{triple}'; write type:denominator:answers with a "
                    f"type of item_types.csv, one of {', '.join(DENOMINATORS)}, and one of {', '.join(COUNTS)}."
                )
        if row["scored_by"] == "answer" and not row["positive_score"]:
            yield f"{row.place}: kind {row['kind']} scores answers and has no positive_score; write one."
        if row["takes_negative_answers"] == "true" and not row["negative_score"]:
            yield f"{row.place}: kind {row['kind']} takes negative answers and has no negative_score; write one."


@rule
def kind_fits(book: Codebook) -> Iterator[str]:
    """Kind, item type, denominator and number of answers of an indicator go together, as kinds.csv says."""
    kinds = _kinds(book)
    for row in book.rows("indicators"):
        kind, kind_of_item = kinds[row["kind"]], book.items[row["survey"], row["item"]]["type"]
        triples = [triple.split(":") for triple in kind.parts("goes_with") if triple.count(":") == 2]
        allowed = [
            count for item_type, base, count in triples if (item_type, base) == (kind_of_item, row["denominator"])
        ]
        named = row.parts("answers")
        if not allowed:
            fitting = ", ".join(f"{item_type} with {base}" for item_type, base, _ in triples)
            yield (
                f"{row.place}: indicator {row['indicator']} of {row['survey']} has kind {row['kind']} with "
                f"denominator {row['denominator']} on item {row['item']} of type {kind_of_item}, which do not go "
                f"together; the kind takes {fitting}."
            )
        elif not any(_counts(named, count) for count in allowed):
            way = "; the options of a set overlap, so make their union an item of its own in derivations.csv"
            union = way if allowed == ["one"] and len(named) > 1 else ""
            yield (
                f"{row.place}: indicator {row['indicator']} of {row['survey']} names {len(named)} answers "
                f"({row['answers'] or 'none'}) of item {row['item']} of type {kind_of_item}, and kind {row['kind']} "
                f"takes {COUNTS[allowed[0]]} there{union}."
            )
        if bool(row["negative_answers"]) != (kind["takes_negative_answers"] == "true"):
            what = "needs negative_answers" if not row["negative_answers"] else "takes no negative_answers"
            yield f"{row.place}: indicator {row['indicator']} of {row['survey']} has kind {row['kind']}, which {what}."
        if row["unit"] not in kind.parts("units"):
            yield (
                f"{row.place}: indicator {row['indicator']} of {row['survey']} has unit '{row['unit']}', and kind "
                f"{row['kind']} is in {' or '.join(kind.parts('units'))}; write that."
            )


def _counts(named: list[str], count: str) -> bool:
    return {"none": not named, "one": len(named) == 1, "some": bool(named)}[count]


@rule
def answers_of_indicators(book: Codebook) -> Iterator[str]:
    """An indicator names answers of its item, none of them both for and against."""
    for row in book.rows("indicators"):
        for column in ("answers", "negative_answers"):
            yield from unknown_answers(book, row, row["item"], column)
        both = sorted(set(row.parts("answers")) & set(row.parts("negative_answers")))
        if both:
            yield (
                f"{row.place}: indicator {row['indicator']} counts {', '.join(both)} for and against; take it out of "
                "one."
            )


@rule
def answers_in_the_base(book: Codebook) -> Iterator[str]:
    """What an indicator counts belongs to its base: a share of those with an opinion cannot count who has none."""
    for row in book.rows("indicators"):
        if row["denominator"] == "substantive":
            answers = book.answers_of(row["survey"], row["item"])
            for column in ("answers", "negative_answers"):
                for answer in row.parts(column):
                    if answer in answers and answers[answer]["answer_kind"] not in ("substantive", "neutral"):
                        yield (
                            f"{row.place}: indicator {row['indicator']} counts {answer}, which is "
                            f"{answers[answer]['answer_kind']} and not in its base (substantive); take it out, or "
                            "write answered."
                        )


@rule
def numbers_for_a_mean(book: Codebook) -> Iterator[str]:
    """Everybody in the base of a mean of answers has a number: each answer in it has a numeric_value."""
    kinds = _kinds(book)
    for row in book.rows("indicators"):
        if kinds[row["kind"]]["scored_by"] != "number" or book.has_numbers(row["survey"], row["item"]):
            continue
        for answer, found in book.answers_of(row["survey"], row["item"]).items():
            in_base = row["denominator"] == "answered" or found["answer_kind"] in ("substantive", "neutral")
            if in_base and not found["numeric_value"]:
                yield (
                    f"{found.place}: answer {answer} is in the base of the mean {row['indicator']} of {row['survey']} "
                    "and has no numeric_value; write its number, or an answer_kind that keeps it out of the base."
                )


@rule
def comparisons_compare_like(book: Codebook) -> Iterator[str]:
    """A comparison holds two different indicators, both on a scale of a hundred or both in one unit."""
    indicators = {(row["survey"], row["indicator"]): row for row in book.rows("indicators")}
    for row in book.rows("comparisons"):
        one = indicators.get((row["survey_a"], row["indicator_a"]))
        other = indicators.get((row["survey_b"], row["indicator_b"]))
        if one is None or other is None:
            continue
        if one is other:
            yield (
                f"{row.place}: comparison {row['comparison']} holds {row['indicator_a']} against itself; name another "
                "one."
            )
        units = {one["unit"], other["unit"]}
        if len(units) > 1 and units != OF_A_HUNDRED:
            yield (
                f"{row.place}: comparison {row['comparison']} holds a {one['kind']} in {one['unit']} against a "
                f"{other['kind']} in {other['unit']}; name indicators of one unit."
            )


@rule
def figure_of_one_thing(book: Codebook) -> Iterator[str]:
    """A figure that names an item and an indicator shows an indicator of that item."""
    items = {(row["survey"], row["indicator"]): row["item"] for row in book.rows("indicators")}
    for row in book.rows("figures"):
        item = items.get((row["survey"], row["indicator"]), row["item"])
        if row["item"] and item != row["item"]:
            yield (
                f"{row.place}: figure {row['figure']} shows indicator {row['indicator']} and item {row['item']}, but "
                f"the indicator is of item {item}; correct one of them, or write two rows."
            )
