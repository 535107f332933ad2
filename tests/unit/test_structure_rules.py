"""Each structure rule lets one good input pass and stops one bad input."""

from pathlib import Path

import pytest

from tests.unit import structure_rules as rules

NAMES = frozenset({"citizens", "citizens_2020", "use_phone"})


def model(**changes: object) -> rules.Model:
    """A mart that keeps every rule, with changes."""
    good = {
        "name": "dim_thing",
        "path": "marts/dimensions/dim_thing.sql",
        "schema": "marts",
        "description": "Things: one row per thing.",
        "columns": {"thing": "Its id."},
        "contract": True,
        "sql": "with\n\nthings as (\n    select * from x\n)\n\nselect thing, count(*) as n, c * 100 as d,\nfrom things",
        "parents": ["intermediate/int_things.sql"],
        "test_count": 1,
        "patch": "models/marts/dimensions/_dimensions__models.yml",
    }
    return rules.Model(**{**good, **changes})


@pytest.mark.parametrize(
    "rule", [rules.misplaced_models, rules.forbidden_reads, rules.undescribed, rules.untested, rules.long_or_starred]
)
def test_a_good_model_passes(rule: object) -> None:
    assert rule([model()]) == []


@pytest.mark.parametrize(
    ("rule", "changes", "said"),
    [
        (rules.misplaced_models, {"schema": "main_marts"}, "built in schema main_marts"),
        (rules.misplaced_models, {"name": "stg_thing"}, "must start with dim_ or fct_"),
        (rules.misplaced_models, {"path": "marts/dim_thing.sql"}, "in a room of intermediate or marts"),
        (rules.misplaced_models, {"path": "marts/core/deep/dim_thing.sql"}, "in a room of intermediate or marts"),
        (rules.misplaced_models, {"patch": "models/all.yml"}, "move it to _dimensions__models.yml"),
        (rules.forbidden_reads, {"parents": ["staging/stg_answers.sql"]}, "reads staging/stg_answers.sql"),
        (rules.undescribed, {"description": ""}, "no description"),
        (rules.undescribed, {"description": "Things."}, "does not say its grain"),
        (rules.undescribed, {"columns": {"thing": ""}}, "dim_thing.thing has no description"),
        (rules.undescribed, {"contract": False}, "without an enforced contract"),
        (rules.untested, {"test_count": 0}, "has no test"),
        (rules.long_or_starred, {"sql": "select * from things"}, "ends in 'select *'"),
        (
            rules.long_or_starred,
            {"sql": "with\n\nthings as (\n    select 1 as a\n)\n\nselect *, 2 as b from things"},
            "ends in 'select *'",
        ),
        (rules.long_or_starred, {"sql": "select 1 as a, things.* from things"}, "ends in 'select *'"),
        (rules.long_or_starred, {"sql": "\n" * rules.MAX_MODEL_LINES}, "split it"),
    ],
)
def test_a_bad_model_is_named(rule: object, changes: dict[str, object], said: str) -> None:
    sentences = rule([model(**changes)])
    assert any(said in sentence for sentence in sentences), sentences


def test_models_are_read_from_a_manifest() -> None:
    node = {
        "name": "dim_thing",
        "resource_type": "model",
        "path": "marts/dimensions/dim_thing.sql",
        "schema": "marts",
        "description": "d",
        "columns": {"thing": {"name": "thing", "description": "Its id."}},
        "config": {"contract": {"enforced": True}},
        "raw_code": "select 1",
        "depends_on": {"nodes": ["model.p.int_things", "seed.p.waves"]},
        "patch_path": "p://models/marts/_marts__models.yml",
    }
    parent = {**node, "name": "int_things", "path": "intermediate/int_things.sql", "depends_on": {"nodes": []}}
    test = {"resource_type": "test", "attached_node": "model.p.dim_thing"}
    unit_test = {"model": "dim_thing", "depends_on": {"nodes": ["model.p.dim_thing", "model.p.int_things"]}}
    found = rules.models_of(
        {
            "nodes": {"model.p.dim_thing": node, "model.p.int_things": parent, "test.p.t": test},
            "unit_tests": {"unit_test.p.u": unit_test},
        }
    )
    assert [(one.name, one.test_count, one.parents) for one in found] == [
        ("int_things", 0, []),
        ("dim_thing", 2, ["intermediate/int_things.sql"]),
    ]
    assert found[1].patch == "models/marts/_marts__models.yml"


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("select survey from a where survey = 'citizens' and year = 2020", ["citizens", "2020"]),
        ("-- since 2020 for 'citizens'\n{# in 2020 #}select '{{ survey }}' as survey, 1.2020, x2020", []),
    ],
)
def test_names_in_sql(sql: str, named: list[str]) -> None:
    assert list(rules.sql_names(sql, NAMES)) == named


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("def f():\n    if year >= 2020:\n        return ['use_phone']", ["2020", "use_phone"]),
        ('def f():\n    """Since 2020."""\n    return "use_phone_once", 2500', []),
        ("sql = \"item = 'use_phone' and not 'use_phone_once'\"", ["use_phone"]),
    ],
)
def test_names_in_python(source: str, named: list[str]) -> None:
    assert sorted(rules.python_names(source, NAMES)) == sorted(named)


def test_names_in_yaml() -> None:
    column = {
        "name": "survey",
        "description": "citizens or staff, from 2020",
        "tests": [{"accepted_values": {"values": ["citizens"]}}],
    }
    content = {"models": [{"columns": [column]}], "unit_tests": [{"given": [{"rows": [{"survey": "citizens"}]}]}]}
    assert list(rules.yaml_names(content, NAMES)) == ["citizens"]


def test_registries_and_machine_paths_are_found() -> None:
    registry = "--index-url https://pypi" + ".org/simple"
    machine = 'open("' + "/ho" + 'me/kari/x.csv")'
    files = {"a.txt": f"fine\n{registry}", "b.py": machine, "c.md": "see ~/work/x and $HOME/home/x and docs/home/x"}
    assert [sentence.split(":")[0] for sentence in rules.forbidden_text(files)] == [
        "a.txt line 2 names a package registry",
        "b.py line 1 names an absolute path of one machine",
    ]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`docs/there.md`, `docs/`, `seeds/raw/<survey>_<year>.csv`, `seeds/{raw,more}/`, [x](docs/there.md#a)", 0),
        ("`build/published/current/x.duckdb`, `a/b of c`, `application/json`, `select 1/2`", 0),
        ("`docs/gone.md`", 1),
        ("`seeds/{raw,gone}/`", 1),
        ("[x](docs/gone.md) and [y](https://example.org/docs/gone.md)", 1),
    ],
)
def test_paths_in_documents(tmp_path: Path, text: str, missing: int) -> None:
    for name in ("docs/there.md", "seeds/raw/citizens_2020.csv", "seeds/more/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(rules.missing_paths("README.md", text, tmp_path)) == missing


def test_make_targets_in_documents() -> None:
    makefile = "refresh: .venv ## Run\n\t@true\n"
    assert rules.missing_targets("a.md", "`make refresh`, and make sure of it", makefile) == []
    assert len(rules.missing_targets("a.md", "```sh\nmake refrehs\n```", makefile)) == 1


def test_importers() -> None:
    sources = {"a.py": "def f():\n    import gx.core as g", "b.py": "from gx import x", "c.py": "import gxx"}
    assert rules.importers(sources, "gx") == ["a.py", "b.py"]


def test_full_folders() -> None:
    room = [model(name=f"dim_{number}") for number in range(rules.MAX_MODELS_IN_A_FOLDER)]
    assert rules.full_folders(room) == []
    assert rules.full_folders([*room, model()]) == [
        "models/marts/dimensions holds 15 models; divide it (14 are allowed)."
    ]


# answers -> cube -> door -> fact, and the fact reads the cube as well: 4 floors, 2 ways.
CHAIN = {"int_answers": [], "int_cells": ["int_answers"], "int_door": ["int_cells"], "fct_x": ["int_door", "int_cells"]}


def chain(**more: list[str]) -> list[rules.Model]:
    return [model(name=name, path=name, parents=parents) for name, parents in (CHAIN | more).items()]


def test_the_shape_of_a_graph() -> None:
    assert rules.shape(chain()) == {"models": 4, "edges": 4, "floors": 4, "ways": 2}


def test_reads_behind_the_cube() -> None:
    respondents = frozenset({"int_answers"})
    assert rules.reads_behind_the_cube(chain(int_before=["int_answers"]), respondents) == []
    assert rules.reads_behind_the_cube(chain(fct_y=["fct_x", "int_answers"]), respondents) == [
        "fct_y stands on int_cells and reads int_answers, which holds respondents; finish the cube instead."
    ]


IMPORTING = {
    "base/__init__.py": "",
    "base/tools.py": "import os",
    "top/__init__.py": "",
    "top/a.py": "from base.tools import x",
    "top/b.py": "def f():\n    from top import a",
}


def test_imports_between_modules() -> None:
    imports = rules.imported_modules(IMPORTING)
    assert imports["top.a"] == {"base.tools"}
    assert imports["top.b"] == {"top.a"}
    assert rules.upward_imports(imports, ["base", "top"]) == []
    assert rules.import_circles(imports) == []


def test_an_upward_import_and_a_circle_are_named() -> None:
    imports = rules.imported_modules(IMPORTING | {"base/tools.py": "import top.b", "top/a.py": "from top import b"})
    assert rules.upward_imports(imports, ["base", "top"]) == ["base.tools imports top.b; top stands above base."]
    (circle,) = rules.import_circles(imports)
    assert "top.a" in circle
    assert "top.b" in circle
