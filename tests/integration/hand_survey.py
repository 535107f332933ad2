"""The surveys decoded a second time, with pandas and numpy, for tests that check the warehouse's statistics.

Codes, indicators and breakdowns are read from the codebook; derived items and routing are written out by hand. Nothing
of the project's SQL is used.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

SEEDS = Path(__file__).parents[2] / "seeds"
Mask = np.ndarray
Row = dict[str, str]


@cache
def codebook(name: str) -> tuple[Row, ...]:
    """Rows of one codebook file."""
    with (SEEDS / "codebook" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def of(name: str, survey: str) -> list[Row]:
    """Rows of one codebook file that belong to a survey."""
    return [row for row in codebook(name) if row["survey"] == survey]


@dataclass
class Wave:
    """One decoded wave.

    Args:
        survey: Survey id.
        year: Year.
        weights: Weight of each respondent, 1 where the wave has none. Shape (n,).
        answers: Item, answer: who gave it.
        values: Item, option (empty for a number): the number given, NaN where blank.
        given: Item: who answered it.
    """

    survey: str
    year: int
    weights: np.ndarray
    answers: dict[str, dict[str, Mask]] = field(default_factory=dict)
    values: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    given: dict[str, Mask] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Wave id."""
        return f"{self.survey}_{self.year}"

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.weights)

    def any(self, item: str, *answers: str) -> Mask:
        """Who answered the item and gave at least one of the answers."""
        result = np.zeros(self.n, dtype=bool)
        for answer in answers:
            result |= self.answers[item].get(answer, False)
        return result

    def none(self, item: str, *answers: str) -> Mask:
        """Who answered the item and gave none of the answers."""
        return self.given[item] & ~self.any(item, *answers)

    def add(self, item: str, **answers: Mask) -> None:
        """Add a derived item whose answers exclude each other."""
        self.answers[item] = dict(answers)
        self.given[item] = np.logical_or.reduce(list(answers.values()))

    def years(self, first: int, last: int = 9999) -> bool:
        """Whether the wave lies in these years."""
        return first <= self.year <= last


def decode(row: Row) -> Wave:
    """Read the raw file of a row of waves.csv and decode it."""
    survey, year = row["survey"], int(row["year"])
    frame = pd.read_csv(SEEDS / "raw" / f"{survey}_{year}.csv", dtype="string", keep_default_na=False, na_values=[""])
    weights = np.ones(len(frame))
    if row["weight_column"]:
        weights = frame[row["weight_column"]].to_numpy(dtype=float)
    wave = Wave(survey, year, weights)
    types = {item["item"]: item["type"] for item in of("items", survey)}
    lists: dict[str, dict[str, str]] = {}
    for code in codebook("code_lists"):
        lists.setdefault(code["code_list"], {})[code["code"]] = code["answer"]
    for column in of("columns", survey):
        if not int(column["year_from"]) <= year <= int(column["year_to"] or year) or column["ignored_reason"]:
            continue
        item, option, raw = column["item"], column["option"], frame[column["column_name"]]
        filled = raw.notna().to_numpy()
        wave.given[item] = wave.given.get(item, False) | filled
        if not column["code_list"]:
            wave.values.setdefault(item, {})[option] = pd.to_numeric(raw).to_numpy(dtype=float, na_value=np.nan)
            continue
        told = raw.map(lists[column["code_list"]])
        answers = wave.answers.setdefault(item, {})
        if option:
            answers[option] = answers.get(option, False) | (told == "selected").fillna(value=False).to_numpy(dtype=bool)
            continue
        for answer in set(lists[column["code_list"]].values()):
            ticked = (told == answer).fillna(value=False).to_numpy(dtype=bool)
            answers[answer] = answers.get(answer, False) | ticked
    for item in wave.given:
        if types[item] == "allocation":
            points = np.nansum(list(wave.values[item].values()), axis=0)
            wave.given[item] = np.abs(points - 100) <= 1
    DERIVED[survey](wave)
    return wave


CONTACTS = ("gp", "private_gp", "public_hospital", "private_hospital", "other_public", "other_private")


def derive_citizens(wave: Wave) -> None:
    """Derived items of the citizens' survey."""
    physical = [f"{contact}_physical" for contact in CONTACTS]
    digital = [f"{contact}_digital" for contact in CONTACTS]
    for item, contacts in (
        ("contact_any", physical + digital),
        ("contact_physical", physical),
        ("contact_digital", digital),
    ):
        wave.add(item, yes=wave.any("contact_services", *contacts), no=wave.none("contact_services", *contacts))
    heard, visited = "helsenorge_heard", "helsenorge_visited"
    ways = {
        "helsenorge_heard_any": (heard, ("website", "app")),
        "helsenorge_visited_any": (visited, ("general_info", "logged_in", "yes_unsplit")),
    }
    if wave.years(2019, 2024):
        ways["gp_online_booking_any"] = ("gp_online_booking", ("via_helsenorge", "via_other", "yes_unsplit"))
    for item, (source, answers) in ways.items():
        wave.add(item, yes=wave.any(source, *answers), no=wave.none(source, *answers))
    if wave.years(2021):
        website, app = wave.any(heard, "website"), wave.any(heard, "app")
        answered = wave.given[heard]
        wave.add(
            "helsenorge_heard_both",
            yes=website & app,
            website_only=website & ~app,
            app_only=app & ~website,
            neither=answered & ~website & ~app,
        )
    if wave.years(2024):
        info, inside = wave.any(visited, "general_info"), wave.any(visited, "logged_in")
        answered = wave.given[visited]
        wave.add(
            "helsenorge_visited_both",
            yes=info & inside,
            general_info_only=info & ~inside,
            logged_in_only=inside & ~info,
            neither=answered & ~info & ~inside,
        )
        ill, not_ill = wave.any("carer_serious_illness", "yes"), wave.none("carer_serious_illness", "yes")
        old, not_old = wave.any("carer_elderly", "yes"), wave.none("carer_elderly", "yes")
        wave.add(
            "caring_role",
            carer_serious_illness=ill,
            carer_elderly_only=not_ill & old,
            child_only=not_ill & not_old & wave.any("has_child_under_16", "yes"),
            neither=not_ill & not_old & wave.none("has_child_under_16", "yes"),
        )


HEALTH_REGIONS = {
    "helse_sor_ost": "akershus_universitetssykehus oslo_universitetssykehus sunnaas sykehusapotekene "
    "sykehuset_i_vestfold sykehuset_innlandet sykehuset_telemark sykehuset_ostfold sykehuspartner sorlandet_sykehus "
    "vestre_viken",
    "helse_vest": "helse_bergen helse_fonna helse_forde helse_stavanger sjukehusapoteka_vest",
    "helse_midt_norge": "helse_more_og_romsdal helse_nord_trondelag hemit st_olavs sykehusapotekene_midt_norge",
    "helse_nord": "finnmarkssykehuset helgelandssykehuset helse_nord_ikt nordlandssykehuset sykehusapotek_nord "
    "universitetssykehuset_nord_norge",
}
REGIONS = {
    "oslo_akershus": "oslo akershus",
    "rest_of_eastern": "ostfold buskerud innlandet vestfold telemark",
    "sor_vestlandet": "agder rogaland vestland more_og_romsdal",
    "trondelag_nord_norge": "trondelag nordland troms finnmark",
    "none": "none",
}


def derive_personnel(wave: Wave) -> None:
    """Derived items of the personnel survey."""
    link = "invitation_version"
    wave.add(
        "target_group",
        gp=wave.any(link, "gp_unspecified", "gp_letter", "gp_email", "gp_sms"),
        municipality=wave.any(link, "municipality"),
        hospital_trust=wave.any(link, "hospital_trust"),
    )
    visit = "last_visit_replaceable"
    wave.add(
        "last_visit_any_digital",
        yes=wave.any(visit, "video", "phone", "text"),
        no=wave.any(visit, "none"),
        dont_know=wave.any(visit, "dont_know"),
    )
    if "health_trust" in wave.given:
        regions = {region: wave.any("health_trust", *trusts.split()) for region, trusts in HEALTH_REGIONS.items()}
        wave.add("health_region", **regions)
    if wave.years(2024):
        wave.add("region", **{region: wave.any("county", *places.split()) for region, places in REGIONS.items()})
        wave.add(
            "invitation_channel",
            post=wave.any(link, "gp_letter"),
            email=wave.any(link, "gp_email"),
            sms=wave.any(link, "gp_sms"),
        )
        sectors = {"specialist": "public_specialist", "municipal": "municipal", "gp": "gp_practice"}
        fields = {"somatic": "somatic", "mental": "mental_health", "both": "both"}
        crossed = {
            f"{sector}_{part}": wave.any("sector", sectors[sector]) & wave.any("field", fields[part])
            for sector, part in product(sectors, fields)
        }
        crossed["other_sector"] = wave.any("sector", "private", "other")
        crossed["other_field"] = wave.any("sector", *sectors.values()) & wave.any("field", "other", "dont_know")
        wave.add("sector_x_field", **crossed)


DERIVED = {"innbygger": derive_citizens, "helsepersonell": derive_personnel}

Filter = tuple[str, int, int, Callable[[Wave], Mask]]
LAST = 9999


def contact(*places: str, ways: tuple[str, ...] = ("physical", "digital")) -> Callable[[Wave], Mask]:
    """Filter: had contact with one of these places in one of these ways."""
    return lambda wave: wave.any("contact_services", *(f"{place}_{way}" for place, way in product(places, ways)))


def says(item: str, *answers: str) -> Callable[[Wave], Mask]:
    """Filter: gave one of these answers to the item."""
    return lambda wave: wave.any(item, *answers)


CITIZENS: tuple[Filter, ...] = (
    ("digital_use_frequency digital_use_purpose", 2019, LAST, contact(*CONTACTS, ways=("digital",))),
    ("hospital_visit_replaceable", 2019, LAST, contact("public_hospital", "private_hospital", ways=("physical",))),
    ("gp_visit_replaceable", 2019, LAST, contact("gp", "private_gp", ways=("physical",))),
    ("video_outcome video_satisfaction", 2019, 2024, says("gp_video_used", "yes")),
    ("video_outcome video_satisfaction", 2025, LAST, says("gp_offers_video", "used")),
    ("app_recommended", 2025, LAST, contact(*CONTACTS)),
    ("dissatisfied_why", 2025, LAST, says("overall_satisfaction", "dissatisfied_very", "dissatisfied_somewhat")),
    ("want_more_what", 2023, LAST, says("want_more", "yes")),
    (
        "helsenorge_visited helsenorge_visited_any helsenorge_visited_both helsenorge_nps",
        2019,
        LAST,
        says("helsenorge_heard", "website", "app"),
    ),
    ("carer_proxy", 2025, LAST, says("caring_role", "carer_serious_illness", "carer_elderly_only")),
    ("gp_online_booking gp_online_booking_any", 2019, 2024, contact("gp", "private_gp")),
    ("gp_video_used", 2019, 2024, contact("gp", "private_gp", ways=("digital",))),
)
WITH_PATIENTS = says("patient_contact", "clinical")
WITH_PATIENTS_OR_RECORDS = says("patient_contact", "clinical", "uses_information")
PERSONNEL: tuple[Filter, ...] = (
    ("invitation_channel", 2024, LAST, says("target_group", "gp")),
    (
        "use_patient_video use_patient_phone use_patient_text info_from_others ehr_easy_to_find ehr_efficiency "
        "ehr_quality ehr_meets_needs ehr_satisfaction digital_easier_contact want_more_patient",
        2023,
        LAST,
        WITH_PATIENTS_OR_RECORDS,
    ),
    (
        "last_visit_replaceable last_visit_any_digital preferred_channel digital_can_replace_visits",
        2023,
        LAST,
        WITH_PATIENTS,
    ),
    ("video_problem_solved video_satisfaction", 2019, 2022, says("video_consultation_ever", "yes")),
    ("video_problem_solved video_satisfaction", 2023, LAST, says("use_patient_video", "low", "some", "high")),
    ("video_dissatisfied_why", 2023, 2023, says("video_satisfaction", "dissatisfied_very")),
    ("info_barriers", 2019, LAST, says("info_from_others", "low_very", "low_fairly", "neither")),
    ("want_more_patient_what", 2024, LAST, says("want_more_patient", "yes")),
    ("want_more_colleague_what", 2024, LAST, says("want_more_colleague", "yes")),
    ("selfreport_simplifies", 2024, LAST, says("selfreport_tool_use", "uses_regularly", "uses_rarely")),
    ("decision_support_simplifies", 2024, LAST, says("decision_support_use", "uses_regularly", "uses_rarely")),
    ("future_technology", 2024, LAST, says("future_technology_text", "coded")),
    ("specialist_unit", 2024, LAST, says("sector", "public_specialist")),
    ("municipal_service", 2024, LAST, says("sector", "municipal")),
    ("private_service", 2024, LAST, says("sector", "private")),
    ("sector_x_field", 2024, LAST, says("profession", "nurse", "doctor")),
    ("health_trust health_region", 2019, LAST, says("target_group", "hospital_trust")),
    ("centrality", 2024, LAST, says("target_group", "municipality")),
)
FILTERS = {"innbygger": CITIZENS, "helsepersonell": PERSONNEL}
# Items that everybody was asked until 2022: the filter of 2023 can be laid over 2022, when its routing item existed.
BRIDGES = {
    "helsepersonell": {
        "info_from_others": WITH_PATIENTS_OR_RECORDS,
        "ehr_easy_to_find": WITH_PATIENTS_OR_RECORDS,
        "ehr_efficiency": WITH_PATIENTS_OR_RECORDS,
        "ehr_quality": WITH_PATIENTS_OR_RECORDS,
        "ehr_satisfaction": WITH_PATIENTS_OR_RECORDS,
        "digital_easier_contact": WITH_PATIENTS_OR_RECORDS,
        "last_visit_replaceable": WITH_PATIENTS,
        "last_visit_any_digital": WITH_PATIENTS,
        "preferred_channel": WITH_PATIENTS,
    }
}


def asked_of(wave: Wave, item: str) -> Mask:
    """Who was asked the item, whether or not they answered."""
    asked = np.ones(wave.n, dtype=bool)
    for items, first, last, rule in FILTERS[wave.survey]:
        if item in items.split() and wave.years(first, last):
            asked = rule(wave)
    return asked


def base_of(wave: Wave, item: str, basis: str = "as_published") -> Mask:
    """Who was asked the item and answered it."""
    asked = asked_of(wave, item)
    if basis == "like_for_like":
        asked = BRIDGES[wave.survey][item](wave)
    return asked & wave.given[item]


def groups_of(wave: Wave) -> Iterator[tuple[str, np.ndarray]]:
    """Breakdown and group of each respondent, empty text outside every group."""
    simple: dict[str, np.ndarray] = {}
    for row in of("breakdowns", wave.survey):
        source = row["source_item"]
        if not wave.years(int(row["year_from"] or 0), int(row["year_to"] or LAST)):
            continue
        if not source:
            members = np.ones(wave.n, dtype=bool)
        elif source not in wave.given:
            continue
        elif row["answers"]:
            members = wave.any(source, *row["answers"].split("|"))
        else:
            members = pd.Series(wave.values[source][""]).between(float(row["min_value"]), float(row["max_value"]))
        keys = simple.setdefault(row["breakdown"], np.full(wave.n, "", dtype=object))
        keys[np.asarray(members)] = row["group_key"]
    yield from simple.items()
    crosses: dict[str, list[str]] = {}
    for row in sorted(of("crosses", wave.survey), key=lambda row: int(row["dimension"])):
        crosses.setdefault(row["breakdown"], []).append(row["source_breakdown"])
    for breakdown, sources in crosses.items():
        if all(source in simple for source in sources):
            parts = pd.DataFrame({source: simple[source] for source in sources})
            keys = parts.agg("__".join, axis=1).to_numpy(dtype=object)
            keys[(parts == "").any(axis=1).to_numpy()] = ""
            yield breakdown, keys


def sources(survey: str) -> dict[str, str]:
    """Breakdown -> the item that it is made of."""
    return {row["breakdown"]: row["source_item"] for row in of("breakdowns", survey) if row["source_item"]}


def crosses(survey: str) -> dict[str, list[str]]:
    """Cross -> the breakdowns that it crosses, in order."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in of("crosses", survey):
        found[row["breakdown"]].append((int(row["dimension"]), row["source_breakdown"]))
    return {cross: [part for _, part in sorted(parts)] for cross, parts in found.items()}


def memberships(wave: Wave) -> dict[str, list[str]]:
    """Breakdown -> the group of each respondent, empty where there is none; a cross needs a group in each part."""
    names = sources(wave.survey)
    simple = {
        breakdown: [
            key if inside else ""
            for key, inside in zip(
                keys, base_of(wave, names[breakdown]) if breakdown in names else [True] * wave.n, strict=True
            )
        ]
        for breakdown, keys in groups_of(wave)
        if breakdown not in crosses(wave.survey)
    }
    crossed = {
        cross: ["__".join(keys) if all(keys) else "" for keys in zip(*(simple[part] for part in parts), strict=True)]
        for cross, parts in crosses(wave.survey).items()
        if all(part in simple for part in parts)
    }
    return simple | crossed


def serves(survey: str, breakdown: str, item: str) -> bool:
    """Whether the codebook wants an item by a breakdown: of all items, of those named, or of none (composition)."""
    rows = [row for name in ("breakdowns", "crosses") for row in of(name, survey) if row["breakdown"] == breakdown]
    return all(not row["serves"] or item in row["serves"].split("|") for row in rows)


def positions_of(survey: str, item: str) -> list[str]:
    """Substantive and neutral answers of an item."""
    answer_set = next(entry["answer_set"] for entry in of("items", survey) if entry["item"] == item)
    return [
        answer["answer"]
        for answer in codebook("answers")
        if answer["answer_set"] == answer_set and answer["answer_kind"] in {"substantive", "neutral"}
    ]


def indicator_of(wave: Wave, row: Row, basis: str = "as_published") -> tuple[np.ndarray, Mask] | None:
    """Variable y and base of an indicator; None where the wave does not ask for it.

    Args:
        wave: Decoded wave.
        row: Row of indicators.csv.
        basis: as_published or like_for_like.

    Returns:
        y of shape (n,) in the unit of the answers (1, 0, -1; points for a mean), and the base of shape (n,).
    """
    item = row["item"]
    if item not in wave.given:
        return None
    base = base_of(wave, item, basis)
    answers = row["answers"].split("|") if row["answers"] else []
    negative = row["negative_answers"].split("|") if row["negative_answers"] else []
    if row["kind"] == "mean":
        y = np.nan_to_num(wave.values[item][row["answers"]])
        return y, base
    offered = {answer for answer, who in wave.answers[item].items() if who is not None}
    if not offered & set(answers) or (negative and not offered & set(negative)):
        return None
    y = wave.any(item, *answers).astype(float)
    against = wave.any(item, *negative)
    if row["kind"] in {"net", "nps"}:
        y -= against
    if row["denominator"] == "position":
        base = base & (wave.any(item, *answers) | against)
    if row["denominator"] == "substantive":
        base = base & wave.any(item, *positions_of(wave.survey, item))
    return y, base
