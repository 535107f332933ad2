"""Rules of items, answers and labels, and of entries that nothing uses."""

from collections.abc import Iterator

from helsemonitor.codebook.book import SELECTED, Codebook
from helsemonitor.codebook.reading import Row
from helsemonitor.codebook.rules.rule import rule


@rule
def answers_of_the_type(book: Codebook) -> Iterator[str]:
    """An item has answers where its type has any, and none where it has not."""
    for row in book.rows("items"):
        kind = book.item_types[row["type"]]
        needs = kind["has_shares"] == "true" or bool(kind["sums_to"])
        if needs and not row["answer_set"]:
            yield f"{row.place}: item {row['item']} is of type {row['type']} and has no answer_set; name one."
        if row["answer_set"] and not needs:
            yield (
                f"{row.place}: item {row['item']} is of type {row['type']}, which has no answers, and names "
                f"answer_set {row['answer_set']}; take it out, or correct the type."
            )


@rule
def unlabelled(book: Codebook) -> Iterator[str]:
    """What readers see has a label in one language at least."""
    for table, stem in (
        ("items", "label"),
        ("answers", "label"),
        ("indicators", "label"),
        ("breakdowns", "label"),
        ("comparisons", "label"),
        ("surveys", "title"),
        ("changes", "description"),
        ("figures", "title"),
    ):
        for row in book.rows(table):
            if not row[f"{stem}_no"] and not row[f"{stem}_en"]:
                yield f"{row.place}: {stem}_no and {stem}_en are both blank; write one at least."


@rule
def labelled_alike(book: Codebook) -> Iterator[str]:
    """Readers can tell the answers of a set, and the groups of a breakdown, by their labels."""
    for table, whole, part in (
        ("answers", ("answer_set",), "answer"),
        ("breakdowns", ("survey", "breakdown"), "group_key"),
    ):
        first: dict[tuple[str, ...], Row] = {}
        for row in book.rows(table):
            for column in ("label_no", "label_en"):
                key = (*(row[name] for name in whole), column, row[column])
                before = first.setdefault(key, row)
                # Groups of different waves may share a label: a region before and after a reform.
                meet = table == "answers" or set(book.years_of(before)) & set(book.years_of(row))
                if row[column] and before[part] != row[part] and meet:
                    yield (
                        f'{row.place}: {column} of {part} {row[part]} of {row[whole[-1]]} is "{row[column]}", as that '
                        f"of {before[part]} ({before.place}); write labels that tell them apart."
                    )


@rule
def unused(book: Codebook) -> Iterator[str]:
    """Something uses every item, answer set, code list, universe and wave; a name misspelt elsewhere shows here."""
    columns = book.rows("columns")
    used = {
        "items": {(row["survey"], row["item"]) for table in ("columns", "derivations") for row in book.rows(table)}
        | {(row["survey"], row["item"]) for row in book.rows("published_results")},
        "answers": {(row["answer_set"],) for row in book.rows("items")} | {("selected",)},
        "code_lists": {(row["code_list"],) for row in columns},
        "universes": {(row["survey"], row["universe"]) for row in book.rows("routing")},
        "waves": {(row["survey"], str(year)) for row in columns for year in book.years_of(row)},
    }
    keys = {
        "items": ("survey", "item"),
        "answers": ("answer_set",),
        "code_lists": ("code_list",),
        "universes": ("survey", "universe"),
        "waves": ("survey", "year"),
    }
    for table, wanted in keys.items():
        said = set()
        for row in book.rows(table):
            key = tuple(row[column] for column in wanted)
            if key not in used[table] and key not in said:
                said.add(key)
                yield f"{row.place}: nothing uses {' '.join(key)}; use it, or take it out."


@rule
def contradicting_label(book: Codebook) -> Iterator[str]:
    """A label of an answer set has one meaning: no other list, and no canonical label, gives it to another answer."""
    spoken: dict[tuple[str, str], dict[str, str]] = {}
    for row in book.rows("answers"):
        for label in {row["label_no"], row["label_en"]} - {""}:
            spoken.setdefault((row["answer_set"], label), {}).setdefault(row["answer"], row.place)
    lists: dict[tuple[str, str], None] = {}
    for rows in book.mapped.values():
        for row in rows:
            if not row["option"] and row["code_list"]:
                lists[book.items[row["survey"], row["item"]]["answer_set"], row["code_list"]] = None
    # A label of digits only is a point on a scale, and a rescaled one may mean another point.
    codes = [
        (answer_set, code)
        for answer_set, code_list in lists
        for code in book.code_lists.get(code_list, [])
        if any(character.isalpha() for character in code["label"]) and not code["answer"].startswith("_")
    ]
    for answer_set, code in codes:
        spoken.setdefault((answer_set, code["label"]), {}).setdefault(code["answer"], code.place)
    for answer_set, code in codes:
        others = {
            answer: place for answer, place in spoken[answer_set, code["label"]].items() if answer != code["answer"]
        }
        for answer, place in others.items():
            yield (
                f'{code.place}: code {code["code"]} of list {code["code_list"]} is labelled "{code["label"]}" and '
                f"means {code['answer']}, but that label means {answer} in {place}; correct the answer or the label."
            )


@rule
def boxes_are_boxes(book: Codebook) -> Iterator[str]:
    """A list of boxes says selected or not_selected of every code, and says selected of one at least."""
    for code_list, rows in book.code_lists.items():
        answers = {row["answer"] for row in rows}
        boxes = answers & set(SELECTED)
        if boxes and (rest := {answer for answer in answers - boxes if not answer.startswith("_")}):
            yield (
                f"{rows[0].place}: code list {code_list} mixes boxes ({', '.join(sorted(boxes))}) with answers "
                f"({', '.join(sorted(rest))}); make two lists."
            )
        if boxes == {"not_selected"}:
            yield f"{rows[0].place}: code list {code_list} has no code that means selected; add it."
