"""Code lists and answers that a delivered column needs."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from helsemonitor.codebook.book import NO_ANSWERS, SELECTED
from helsemonitor.landing.codes import Recoding, is_cut
from helsemonitor.landing.difference import Pair, as_number, in_order
from helsemonitor.landing.profiles import plain_label
from helsemonitor.proposals.draft import Draft, new_name
from helsemonitor.proposals.words import NO_ANSWER, NOT_ASKED, kind_of, known_kinds, slug

NO_ANSWER_CODE, NOT_ASKED_CODE = NO_ANSWERS
OF_A_YEAR = re.compile(r"_[0-9]{4,}$")
# Part of those with a code whom the filter does not ask, from which on the code means just that.
PAST = 0.9


@dataclass(frozen=True)
class Code:
    """A code of a list to be: what it means, and what the file calls it."""

    code: str
    answer: str
    label: str


def new_answer(draft: Draft, answer_set: str, label: str, after: str, code: str, taken: Collection[str] = ()) -> str:
    """The answer of a set that has a label; a new one where there is none.

    Args:
        draft: The codebook.
        answer_set: The set; rows are added to it.
        label: What the answer is called.
        after: The answer of the set that it comes after; empty where it comes first.
        code: Its code, or the name of its column.
        taken: Answers that other codes of the list, or other columns of the question, are already.
    """
    answers = draft.book.answer_sets.get(answer_set, {})
    plain = plain_label(label)
    for answer, row in answers.items():
        labels = {plain_label(row[column]) for column in ("label_no", "label_en") if row[column]}
        if plain and plain in labels and answer not in taken:
            return answer
    if any(plain in {plain_label(row["label_no"]), plain_label(row["label_en"])} for row in answers.values()):
        # Another answer is called so, such as a code that meant something else before.
        label = f"{label} ({draft.year})"
    name = slug(label)
    if not name or re.fullmatch(r"[0-9_]*", name):
        minus = "minus_" if code.startswith("-") else ""
        name = f"answer_{minus}{slug(code) or 'x'}"
    name = new_name(name, set(answers))
    order = sorted(answers.values(), key=lambda row: int(row["sort_order"]))
    if after in answers:
        place = int(answers[after]["sort_order"]) + 1
    else:
        place = min((int(row["sort_order"]) for row in order), default=1)
    # Whoever stands at its place or later moves up, the last one first, so that no two share a place meanwhile.
    if any(int(row["sort_order"]) == place for row in order):
        for row in reversed(order):
            if int(row["sort_order"]) >= place:
                draft.change("answers", row, sort_order=str(int(row["sort_order"]) + 1))
    draft.add(
        "answers",
        answer_set=answer_set,
        answer=name,
        label_no=label,
        sort_order=str(place),
        answer_kind=kind_of(label, known_kinds(draft.book)),
    )
    return name


def set_for_more(draft: Draft, item: str, labels: Sequence[str]) -> str:
    """The answer set of an item that is to have these answers too.

    It is the item's own, unless derived items have it, each of whose answers needs a clause, or items of another
    survey. Then the item gets another one that has all of them, or a copy of its own.

    Args:
        draft: The codebook.
        item: The item.
        labels: What the answers to be are called.
    """
    book, row = draft.book, draft.book.items[draft.survey, item]
    answer_set = row["answer_set"]
    answers = book.answer_sets.get(answer_set, {})
    derived = {(clause["survey"], clause["item"]) for clause in book.rows("derivations")}
    others = [key for key, known in book.items.items() if known["answer_set"] == answer_set]
    is_shared = any(key in derived or key[0] != draft.survey for key in others)
    wanted = {plain_label(label) for label in labels} - _called(answers)
    if not wanted or not is_shared:
        return answer_set
    fitting = [
        (len(known), name)
        for name, known in book.answer_sets.items()
        if name != answer_set and set(answers) <= set(known) and wanted <= _called(known)
    ]
    name = min(fitting)[1] if fitting else new_name(item, set(book.answer_sets))
    if not fitting:
        for known in answers.values():
            draft.add("answers", **{**known, "answer_set": name})
    draft.change("items", row, answer_set=name)
    return name


def _called(answers: Mapping[str, Mapping[str, str]]) -> set[str]:
    return {plain_label(row[column]) for row in answers.values() for column in ("label_no", "label_en")} - {""}


def no_answer(pair: Pair, code: str, asked: Sequence[bool]) -> Code:
    """A code that is no answer: not answered, or routed past where nearly all who have it are not asked."""
    label = pair.now.labels.get(code, "")
    having = [is_asked for cell, is_asked in zip(pair.now.cells, asked, strict=True) if cell == code]
    past = sum(not is_asked for is_asked in having) / len(having) if having else 0.0
    plain = plain_label(label)
    is_past = bool(NOT_ASKED.search(plain)) or (past >= PAST and not NO_ANSWER.search(plain))
    return Code(code, NOT_ASKED_CODE if is_past else NO_ANSWER_CODE, label)


def _box_codes(pair: Pair, found: Recoding, before: Mapping[str, Code], asked: Sequence[bool]) -> list[Code]:
    """Codes of a box: what ticks and what does not."""
    codes = [before[code] for code in pair.before.codes if code in before]
    codes += [no_answer(pair, code, asked) for code in found.missing if code not in before]
    if len(found.new) == 1 and "0" not in pair.now.counts:
        codes = [code for code in codes if code.code != "0"]
        codes.append(Code(found.new[0], SELECTED[1], ""))
    return codes


def wanted_codes(draft: Draft, pair: Pair, found: Recoding, asked: Sequence[bool]) -> list[Code]:
    """The codes that a delivered column needs, in the order of the file's labels or of the list before.

    Args:
        draft: The codebook; answers that are new are added to it.
        pair: The columns.
        found: What the delivered codes mean.
        asked: Who is asked, one per respondent.
    """
    row = pair.row
    if row is None:
        return []
    before = {
        code["code"]: Code(code["code"], code["answer"], code["label"])
        for code in draft.book.code_lists.get(row["code_list"], [])
    }
    if row["option"] and pair.before.codes:
        return _box_codes(pair, found, before, asked)
    answer_set = set_for_more(draft, row["item"], [pair.now.labels.get(code, "") or code for code in found.new])
    codes: dict[str, Code] = {}
    after = ""
    listed = {code: place for place, code in enumerate(before)}
    continuing = sorted(found.same, key=lambda code: listed.get(found.same[code], len(listed)))
    both = [*continuing, *sorted(found.new)]
    for code in in_order(both) if all(as_number(code) is not None for code in both) else both:
        old = before.get(found.same.get(code, ""))
        label = pair.now.labels.get(code, "")
        if old is not None:
            now, was = plain_label(label), plain_label(old.label)
            is_same = not label or not was or now == was or is_cut(was, now)
            codes[code] = Code(code, old.answer, old.label if is_same else label)
        elif code in found.new:
            taken = [known.answer for known in codes.values()]
            answer = new_answer(draft, answer_set, label or code, after, code, taken)
            codes[code] = Code(code, answer, label)
        if code in codes and not codes[code].answer.startswith("_"):
            after = codes[code].answer
    for code in found.missing:
        old = before.get(code)
        codes[code] = old if old and old.answer.startswith("_") else no_answer(pair, code, asked)
    for code, old in before.items():
        # Codes for no answer that the file does not speak of mean what they meant.
        if code not in codes and old.answer.startswith("_"):
            codes[code] = old
    gone = {before[code].answer for code in found.gone if code in before}
    return [code for code in codes.values() if code.answer not in gone]


def _content(codes: Sequence[Code]) -> dict[str, tuple[str, str]]:
    return {code.code: (code.answer, plain_label(code.label)) for code in codes}


def list_with(draft: Draft, codes: Sequence[Code], like: str, may_share: bool = True) -> str:
    """The code list that says just this, added where there is none.

    Args:
        draft: The codebook.
        codes: What it says.
        like: The list that it follows; its name is made from it.
        may_share: Whether a list of another question will do. Codes without labels say the same of anything.
    """
    wanted = _content(codes)
    lists = draft.book.code_lists
    ours = [row["code_list"] for row in draft.book.rows("columns") if row["survey"] == draft.survey]
    for name in [like, *dict.fromkeys(ours), *lists] if may_share else []:
        known = [Code(row["code"], row["answer"], row["label"]) for row in lists.get(name, [])]
        if known and _content(known) == wanted:
            return name
    name = like if like not in lists else new_name(f"{OF_A_YEAR.sub('', like)}_{draft.year}", set(lists))
    for code in codes:
        draft.add("code_lists", code_list=name, code=code.code, answer=code.answer, label=code.label)
    return name
