"""Small surveys made at random, codebook and files, for tests that break them."""

import csv
import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

YEARS = (2031, 2032)
Table = list[dict[str, str]]


@dataclass(frozen=True)
class Plan:
    """What a made survey is like.

    Args:
        seed: Start of its random numbers.
        answers: Answers of its single-choice question.
        weighted: Whether its respondents have weights.
        routed: Whether its second question goes to those who said yes to the first.
        midpoint: Whether the scale gets a neutral answer in the second wave.
        declared: Whether waves.csv holds the checksums of the files.
    """

    seed: int
    answers: int
    weighted: bool
    routed: bool
    midpoint: bool
    declared: bool


def _rows(header: str, *lines: str) -> Table:
    names = header.split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


def codebook(plan: Plan) -> dict[str, Table]:
    """The codebook of a made survey, file by file; checksums are filled in when the files are written."""
    kinds = [f"k{number}" for number in range(plan.answers)]
    letters = [chr(ord("A") + number) for number in range(plan.answers)]
    weight = "vekt" if plan.weighted else ""
    book = {
        "surveys": _rows(
            "survey,title_no,title_en,population_no,population_en,inference_scope",
            "fugl,Fugler,Birds,Fugler,Birds,population",
        ),
        "waves": _rows(
            "survey,year,respondents,respondent_column,weight_column,fieldwork_start,fieldwork_end,source,status,sha256,reviewed",
            *(f"fugl,{year},60,nr,{weight},{year}-03-01,{year}-03-31,synthetic,final,,yes" for year in YEARS),
        ),
        "items": _rows(
            "survey,item,question_no,type,answer_set,theme,label_no,label_en",
            "fugl,sort,1,single,sort,background,Slag,Kind",
            "fugl,age,2,number,,background,Alder,Age",
            "fugl,sings,3,single,yes_no,song,Synger,Sings",
            "fugl,likes,4,single,level,song,Liker sang,Likes song",
            "fugl,food,5,multi,food,food,Mat,Food",
            "fugl,eats_any,,single,yes_no,food,Spiser noe,Eats anything",
            "fugl,marks,6,scale,marks,song,Karakter,Marks",
        ),
        "answers": _rows(
            "answer_set,answer,label_no,label_en,sort_order,answer_kind,numeric_value",
            *(f"sort,{kind},Slag {kind},Kind {kind},{place},substantive," for place, kind in enumerate(kinds, start=1)),
            "yes_no,yes,Ja,Yes,1,substantive,",
            "yes_no,no,Nei,No,2,substantive,",
            "level,low,Lite,Little,1,substantive,",
            "level,middle,Midt,Middle,2,neutral,",
            "level,high,Mye,Much,3,substantive,",
            "level,dont_know,Vet ikke,Don't know,4,dont_know,",
            "food,seed,Frø,Seed,1,substantive,",
            "food,worm,Mark,Worm,2,substantive,",
            "marks,m1,1,1,1,substantive,1",
            "marks,m2,2,2,2,substantive,2",
            "marks,m3,3,3,3,substantive,3",
        ),
        "code_lists": _rows(
            "code_list,code,answer,label",
            *(f"sort,{letter},{kind},Slag {kind}" for letter, kind in zip(letters, kinds, strict=True)),
            "yn,1,yes,Ja",
            "yn,2,no,Nei",
            "level3,1,low,Lite",
            "level3,3,high,Mye",
            "level3,9,dont_know,Vet ikke",
            *(
                ["level4,1,low,Lite", "level4,2,middle,Midt", "level4,3,high,Mye", "level4,9,dont_know,Vet ikke"]
                if plan.midpoint
                else []
            ),
            "box,0,not_selected,Ikke valgt",
            "box,1,selected,Valgt",
            "marks,1,m1,1",
            "marks,2,m2,2",
            "marks,3,m3,3",
        ),
        "columns": _rows(
            "survey,column_name,year_from,year_to,item,option,code_list,ignored_reason",
            "fugl,q1,2031,,sort,,sort,",
            "fugl,q2,2031,,age,,,",
            "fugl,q3,2031,,sings,,yn,",
            *(
                ["fugl,q4,2031,2031,likes,,level3,", "fugl,q4,2032,,likes,,level4,"]
                if plan.midpoint
                else ["fugl,q4,2031,,likes,,level3,"]
            ),
            "fugl,q5a,2031,,food,seed,box,",
            "fugl,q5b,2031,,food,worm,box,",
            "fugl,q6,2031,,marks,,marks,",
            "fugl,merknad,2031,,,,,fritekst",
        ),
        "derivations": _rows(
            "survey,item,answer,clause,year_from,year_to,source_item,operator,answers",
            "fugl,eats_any,yes,1,,,food,any,seed|worm",
            "fugl,eats_any,no,1,,,food,none,seed|worm",
        ),
        "universes": _rows(
            "survey,universe,clause,item,operator,answers", *(["fugl,singers,1,sings,any,yes"] if plan.routed else [])
        ),
        "routing": _rows(
            "survey,item,year_from,year_to,universe", *(["fugl,likes,2032,,singers"] if plan.routed else [])
        ),
        "changes": _rows(
            "change_id,survey,items,year,year_to,change_type,assessed_impact,breaks,unaffected_indicators,scope,description_no,description_en",
            *(["c1,fugl,likes,2032,,option_added,break,share,,,Midtpunkt,Midpoint"] if plan.midpoint else []),
            *(
                ["c2,fugl,likes,2032,,filter_narrowed,break,share|net|position_share,,,Filter,Filter"]
                if plan.routed
                else []
            ),
        ),
        "indicators": _rows(
            "survey,indicator,item,kind,answers,negative_answers,denominator,unit,direction,label_no,label_en",
            "fugl,sings_yes,sings,share,yes,,answered,percent,neutral,Synger,Sings",
            "fugl,likes_net,likes,net,high,low,answered,percentage_points,neutral,Netto,Net",
            "fugl,likes_position,likes,position_share,high,low,position,percent,neutral,Av dem,Of those",
            "fugl,seed,food,share,seed,,answered,percent,neutral,Frø,Seed",
            "fugl,age_mean,age,mean,,,answered,years,neutral,Alder,Age",
            "fugl,marks_mean,marks,mean,,,substantive,points,neutral,Snitt,Mean",
            "fugl,eats_any,eats_any,share,yes,,answered,percent,neutral,Spiser,Eats",
        ),
        "breakdowns": _rows(
            "survey,breakdown,group_key,source_item,answers,min_value,max_value,year_from,year_to,label_no,label_en,sort_order,serves",
            "fugl,total,total,,,,,,,Alle,All,0,",
            *(f"fugl,sort,{kind},sort,{kind},,,,,Slag {kind},Kind {kind},{place}," for place, kind in enumerate(kinds)),
            "fugl,age_group,young,age,,,39,,,Unge,Young,1,",
            "fugl,age_group,old,age,,40,,,,Gamle,Old,2,",
        ),
        "crosses": _rows(
            "survey,breakdown,dimension,source_breakdown,serves",
            "fugl,sort_x_age,1,sort,",
            "fugl,sort_x_age,2,age_group,",
        ),
    }
    return {name: rows for name, rows in book.items() if rows}


def raw(plan: Plan, year: int) -> Table:
    """The file of a wave: 60 respondents who answer at random."""
    dice = random.Random(1000 * plan.seed + year)
    rows = []
    for number in range(60):
        sings = dice.choice("112")
        levels = "12339" if plan.midpoint and year == YEARS[1] else "1339"
        asked = sings == "1" or not plan.routed or year == YEARS[0]
        rows.append(
            {
                "nr": f"r{number}",
                **({"vekt": f"{dice.uniform(0.6, 1.4):.4f}"} if plan.weighted else {}),
                "q1": dice.choice([chr(ord("A") + kind) for kind in range(plan.answers)]),
                "q2": str(dice.randint(20, 80)),
                "q3": sings,
                "q4": dice.choice(levels) if asked else "",
                "q5a": dice.choice("01"),
                "q5b": dice.choice("01"),
                "q6": dice.choice("123"),
                "merknad": dice.choice(["", "fin sang, og høy", 'sa "pip"']),
            }
        )
    return rows


def write_table(path: Path, rows: Table) -> None:
    """Write a table as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_survey(plan: Plan, seeds: Path) -> None:
    """Write a made survey into an empty folder."""
    book = codebook(plan)
    for wave in book["waves"]:
        path = seeds / "raw" / f"fugl_{wave['year']}.csv"
        write_table(path, raw(plan, int(wave["year"])))
        if plan.declared:
            wave["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    for name, rows in book.items():
        write_table(seeds / "codebook" / f"{name}.csv", rows)
