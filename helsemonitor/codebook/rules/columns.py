"""Rules of the crosswalk from delivered columns to items."""

from collections.abc import Iterator

from helsemonitor.codebook.book import NO_ANSWERS, SELECTED, Codebook
from helsemonitor.codebook.reading import Row, suggestion
from helsemonitor.codebook.rules.rule import rule


@rule
def mapped_or_ignored(book: Codebook) -> Iterator[str]:
    """A column is mapped to an item, or ignored with a reason; an ignored one may say what item it would hold."""
    for row in book.rows("columns"):
        if not row["item"] and not row["ignored_reason"]:
            yield f"{row.place}: column {row['column_name']} has no item and no ignored_reason; write one of them."


@rule
def id_or_weight_mapped(book: Codebook) -> Iterator[str]:
    """The id and the weight of a wave are no answers."""
    for wave in book.rows("waves"):
        for row in book.mapped[wave["survey"], int(wave["year"])]:
            for column in ("respondent_column", "weight_column"):
                if row["column_name"] == wave[column]:
                    yield (
                        f"{row.place}: column {row['column_name']} is mapped to {row['item']}, and {wave.place} names "
                        f"it as {column}; take one of the two out."
                    )


@rule
def option_fits_type(book: Codebook) -> Iterator[str]:
    """A column per option belongs to a set of options or of points; its option is an answer of the item."""
    for row in book.rows("columns"):
        if not row["item"] or row["ignored_reason"]:
            continue
        kind = book.type_of(row["survey"], row["item"])
        takes_options = kind["answers_add_up"] == "false" and kind["is_counted"] == "true"
        answers = list(book.answers_of(row["survey"], row["item"]))
        if row["option"] and not takes_options:
            yield (
                f"{row.place}: column {row['column_name']} names option {row['option']}, but item {row['item']} is of "
                f"type {kind['type']} and has no columns by option; take the option out, or correct the type."
            )
        elif row["option"] and row["option"] not in answers:
            yield (
                f"{row.place}: option {row['option']} is no answer of item {row['item']} in "
                f"answers.csv{suggestion(row['option'], answers)}; correct it, or add the answer."
            )
        elif takes_options and not row["option"] and kind["has_numbers"] == "true":
            yield f"{row.place}: column {row['column_name']} holds points of item {row['item']} and names no option."


def _allowed(book: Codebook, row: Row) -> tuple[set[str], str]:
    """Answers that the code list of a column may give, and what they are in words. Points may be delivered as boxes."""
    if row["option"]:
        return set(SELECTED), "selected or not_selected"
    if book.has_numbers(row["survey"], row["item"]):
        return set(), "a code that is no answer (_no_answer, _not_asked)"
    answers = set(book.answers_of(row["survey"], row["item"]))
    return answers, f"an answer of item {row['item']}"


@rule
def list_fits_item(book: Codebook) -> Iterator[str]:
    """A column's code list gives answers of its item, boxes for an option, and no answers beside numbers."""
    said = set()
    for row in book.rows("columns"):
        if not row["item"] or row["ignored_reason"]:
            continue
        if not row["code_list"]:
            if book.type_of(row["survey"], row["item"])["has_shares"] == "true":
                yield f"{row.place}: column {row['column_name']} of item {row['item']} has no code_list; name one."
            continue
        allowed, words = _allowed(book, row)
        for code in book.code_lists.get(row["code_list"], []):
            fits = code["answer"] in allowed or code["answer"] in NO_ANSWERS
            key = (row["item"], code.place)
            if not fits and key not in said:
                said.add(key)
                yield (
                    f"{row.place}: column {row['column_name']} of {row['survey']} uses code list {row['code_list']}, "
                    f"whose code {code['code']} means {code['answer']} ({code.place}); it must mean "
                    f"{words}{suggestion(code['answer'], sorted(allowed))}. Correct the list or the answer."
                )


@rule
def blank_means_one_thing(book: Codebook) -> Iterator[str]:
    """What an empty box means is said of boxes only, and the same of all boxes of a set in a wave."""
    for row in book.rows("columns"):
        if row["blank_means"] and (not row["option"] or not row["code_list"]):
            yield (
                f"{row.place}: column {row['column_name']} is no box of a set, so blank_means cannot be "
                f"{row['blank_means']}; take it out."
            )
    said = set()
    for (survey, year), rows in book.mapped.items():
        meanings: dict[str, dict[str, Row]] = {}
        for row in rows:
            if row["option"]:
                meanings.setdefault(row["item"], {}).setdefault(row["blank_means"], row)
        for item, found in meanings.items():
            places = tuple(row.place for row in found.values())
            if len(found) > 1 and places not in said:
                said.add(places)
                yield (
                    f"{places[1]}: the boxes of item {item} of {survey} {year} do not agree on blank_means "
                    f"({places[0]}); a set is shown as a whole, so write the same in all its rows."
                )
