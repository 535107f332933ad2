"""Entries of the register that a difference calls for: its type, how far it likely moves results, what it breaks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helsemonitor.codebook.book import Codebook
from helsemonitor.proposals.draft import Draft, new_name
from helsemonitor.proposals.words import slug

# Type of change -> what it does as a rule: impact, and whether shares alone or every kind of indicator breaks. A person
# reviews it; most of what the house has registered was judged so.
SHARES, EVERY_KIND = "share", "*"
USUAL = {
    "option_added": ("break", SHARES),
    "option_removed": ("likely", SHARES),
    "option_relabelled": ("none", ""),
    "coding": ("none", ""),
    "wording": ("possible", ""),
    "filter_narrowed": ("break", EVERY_KIND),
    "filter_widened": ("break", EVERY_KIND),
    "filter_question_changed": ("break", EVERY_KIND),
    "single_to_multiple": ("break", SHARES),
}
OF_BOXES = {"option_added": ("possible", ""), "option_removed": ("possible", "")}
# A new answer of a background question moves nobody's answers to anything else.
BACKGROUND = "background"
# Changes that together tell that an answer was divided.
DIVIDED = {"option_added", "option_relabelled"}
WORDS = {
    "option_added": ("Nytt svaralternativ: {what}", "New answer: {what}"),
    "option_removed": ("Svaralternativ borte: {what}", "Answer gone: {what}"),
    "option_relabelled": ("Svaralternativ med andre ord: {what}", "Answer in other words: {what}"),
    "coding": ("Kodet på en annen måte: {what}", "Coded otherwise: {what}"),
    "wording": ("Spørsmålet har andre ord: {what}", "The question has other words: {what}"),
    "filter_narrowed": ("Stilles til færre: {what}", "Asked of fewer: {what}"),
    "filter_widened": ("Stilles til flere: {what}", "Asked of more: {what}"),
    "filter_question_changed": ("Stilles til andre: {what}", "Asked of others: {what}"),
    "single_to_multiple": ("Flere svar er mulige: {what}", "Several answers may be given: {what}"),
}
LONGEST_ID = 60


@dataclass(frozen=True)
class Change:
    """A change to register.

    Args:
        change_type: Its type in the register.
        what: What changed, in the words of the file.
    """

    change_type: str
    what: str


def _prefix(book: Codebook, survey: str) -> str:
    """What the ids of a survey's changes begin with."""
    begins = Counter(row["change_id"].split("_")[0] for row in book.rows("changes") if row["survey"] == survey)
    return begins.most_common(1)[0][0] if begins else (slug(survey) or "change")


def _kinds(book: Codebook, survey: str, items: Sequence[str]) -> list[str]:
    """Kinds of the indicators of items, in the order of kinds.csv; else shares where they have them."""
    have = {row["kind"] for row in book.rows("indicators") if row["survey"] == survey and row["item"] in items}
    if not have and any(book.type_of(survey, item)["has_shares"] == "true" for item in items):
        have = {SHARES}
    return [row["kind"] for row in book.rows("kinds") if row["kind"] in have]


def suggestion_for(book: Codebook, survey: str, items: Sequence[str], change_type: str) -> tuple[str, str]:
    """Impact of a change and the kinds of indicators that it breaks, as they are usually judged."""
    impact, breaks = USUAL[change_type]
    if all(book.type_of(survey, item)["answers_add_up"] != "true" for item in items):
        # Boxes stand side by side: one more or less moves the others little.
        impact, breaks = OF_BOXES.get(change_type, (impact, breaks))
    is_background = all(book.items[survey, item]["theme"] == BACKGROUND for item in items)
    if is_background and not change_type.startswith("filter_"):
        return "none", ""
    kinds = _kinds(book, survey, items)
    broken = kinds if breaks == EVERY_KIND else [kind for kind in kinds if kind == breaks]
    if impact == "break" and not broken:
        impact = "likely"
    return impact, "|".join(broken)


def register(draft: Draft, items: Sequence[str], changes: Sequence[Change]) -> None:
    """Add the entries that are not in the register yet.

    Args:
        draft: The codebook.
        items: The items that changed alike.
        changes: What changed.
    """
    if not any(year < draft.year for year in draft.book.years[draft.survey]):
        # The oldest wave changes nothing; the one after it does, in the other direction.
        return
    texts: dict[str, list[str]] = {}
    for change in changes:
        texts.setdefault(change.change_type, []).append(change.what)
    for change_type, whats in texts.items():
        missing = [item for item in items if not _is_registered(draft, item, change_type)]
        if not missing:
            continue
        impact, breaks = suggestion_for(draft.book, draft.survey, missing, change_type)
        if set(texts) >= DIVIDED and change_type in DIVIDED and breaks == "":
            # One answer is called otherwise and another one came: the old one likely means fewer people now.
            impact, breaks = "break", SHARES
        what = "; ".join(dict.fromkeys(whats)).rstrip(".") + "."
        norwegian, english = (words.format(what=what) for words in WORDS[change_type])
        name = f"{_prefix(draft.book, draft.survey)}_{draft.year}_{missing[0]}_{change_type}"
        draft.add(
            "changes",
            change_id=new_name(name, {row["change_id"] for row in draft.book.rows("changes")}),
            items="|".join(missing),
            year=str(draft.year),
            change_type=change_type,
            assessed_impact=impact,
            breaks=breaks,
            description_no=norwegian,
            description_en=english,
        )


def _is_registered(draft: Draft, item: str, change_type: str) -> bool:
    return any(
        int(row["year"]) == draft.year and row["change_type"] == change_type
        for row in draft.book.changes.get((draft.survey, item), [])
    )


def effect(book: Codebook, survey: str, year: int, edits: Sequence[Mapping[str, str]]) -> str:
    """What entries of the register do to the series, in a sentence; empty where they do nothing.

    Args:
        book: The codebook with the entries.
        survey: Survey id.
        year: The wave.
        edits: Rows of changes.csv.
    """
    broken: list[str] = []
    kept: list[str] = []
    for row in edits:
        kinds, items = row["breaks"].split("|"), row["items"].split("|")
        for indicator in book.rows("indicators"):
            if indicator["survey"] == survey and indicator["item"] in items:
                (broken if indicator["kind"] in kinds else kept).append(indicator["indicator"])
    kept = [name for name in dict.fromkeys(kept) if name not in broken]
    broken = list(dict.fromkeys(broken))
    go = "goes" if len(kept) == 1 else "go"
    if not broken:
        return f"{_listed(kept)} {go} on into {year} without a break." if kept else ""
    goes_on = f"; {_listed(kept)} {go} on" if kept else ""
    return f"The series of {_listed(broken)} break in {year}{goes_on}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
