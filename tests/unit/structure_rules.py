"""The house's structure rules as functions from plain values to sentences; an empty list means the rule holds."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

LAYER_PREFIXES = {
    "staging": ("stg_",),
    "checks": ("chk_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "v_"),
}
# A layer reads the ones named here; seeds are reference data and may be read from everywhere.
LAYER_SOURCES = {
    "staging": {"staging"},
    "checks": {"staging", "intermediate"},
    "intermediate": {"staging", "checks", "intermediate"},
    "marts": {"intermediate", "marts"},
}
# Layers that are divided into rooms, a folder each.
ROOMED = {"intermediate", "marts"}
MAX_MODEL_LINES = 100
MAX_YAML_LINES = 400
MAX_MODELS_IN_A_FOLDER = 14
# The model behind which nothing may read a respondent.
CUBE = "int_cells"
YEAR = re.compile(r"(?<![\w.])20\d\d(?![\w.])")
JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
SQL_LITERAL = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
# A star among the selected columns, `count(*)` and products aside.
SELECT_STAR = re.compile(r"(?:\bselect\s+(?:distinct\s+)?|,\s*|\w\.)\*", re.IGNORECASE)
# Put together here, so that this file does not name what it forbids.
FORBIDDEN_TEXT = {
    "a package registry": re.compile(
        "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", r"registry\.npm" + "js", r"deb\.deb" + r"ian\.org"))
    ),
    "an absolute path of one machine": re.compile(
        r"(?<![\w.$}~-])/(?:" + "|".join(("root", "home", "Users", "work")) + r")/\w"
    ),
}
MAKE_TARGET = re.compile(r"(?:^|[`(\s])make ([a-z][a-z_-]*)")
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MARKDOWN_LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")
PATH_WORD = re.compile(r"^[\w.<>*{},/-]+$")
PLACEHOLDER = re.compile(r"<[^>]*>|NNNN-title|YYYY")


@dataclass(frozen=True)
class Model:
    """What the rules need to know of a dbt model.

    Args:
        name: Model name.
        path: Path under `models/`, e.g. `marts/dim_survey.sql`.
        schema: Schema it is built in.
        description: Description from the YAML file.
        columns: Column name to description.
        contract: Whether its contract is enforced.
        sql: Code as written, with Jinja.
        parents: Paths of the models it reads, under `models/`.
        test_count: dbt data tests and unit tests attached to it.
        patch: Path of the YAML file that describes it.
    """

    name: str
    path: str
    schema: str
    description: str
    columns: Mapping[str, str]
    contract: bool
    sql: str
    parents: Sequence[str]
    test_count: int
    patch: str

    @property
    def layer(self) -> str:
        """First folder of the path."""
        return PurePosixPath(self.path).parts[0]


def models_of(manifest: Mapping[str, Any]) -> list[Model]:
    """Read the models of a dbt manifest.

    Args:
        manifest: Content of `manifest.json`.

    Returns:
        Models in order of their paths.
    """
    nodes = manifest["nodes"]
    attached = [node.get("attached_node") for node in nodes.values() if node["resource_type"] == "test"]
    for test in manifest.get("unit_tests", {}).values():
        attached += [unique_id for unique_id in test["depends_on"]["nodes"] if unique_id.endswith(f".{test['model']}")]
    found = [
        Model(
            name=node["name"],
            path=node["path"],
            schema=node["schema"],
            description=node["description"],
            columns={column["name"]: column["description"] for column in node["columns"].values()},
            contract=node["config"].get("contract", {}).get("enforced", False),
            sql=node["raw_code"],
            parents=[nodes[parent]["path"] for parent in node["depends_on"]["nodes"] if parent.startswith("model.")],
            test_count=attached.count(unique_id),
            patch=(node.get("patch_path") or "").split("://")[-1],
        )
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model"
    ]
    return sorted(found, key=lambda model: model.path)


def without_comments(sql: str) -> str:
    """Blank out Jinja and SQL comments."""
    return SQL_COMMENT.sub("", JINJA_COMMENT.sub("", sql))


def misplaced_models(models: Iterable[Model]) -> list[str]:
    """Layer = schema, the prefix belongs to the layer, the YAML file is the folder's own; a room is one level deep."""
    sentences = []
    for model in models:
        prefixes = LAYER_PREFIXES.get(model.layer, ())
        if len(PurePosixPath(model.path).parts) != 2 + (model.layer in ROOMED) or not prefixes:
            sentences.append(
                f"models/{model.path}: models lie in staging or checks, or in a room of {' or '.join(sorted(ROOMED))}."
            )
            continue
        if model.schema != model.layer:
            sentences.append(f"{model.name} is built in schema {model.schema}; its folder is {model.layer}.")
        if not model.name.startswith(prefixes):
            sentences.append(f"{model.name} lies in {model.layer}; its name must start with {' or '.join(prefixes)}.")
        folder = PurePosixPath(model.path).parent
        if model.patch and model.patch != f"models/{folder}/_{folder.name}__models.yml":
            sentences.append(f"{model.name} is described in {model.patch}; move it to _{folder.name}__models.yml.")
    return sentences


def forbidden_reads(models: Iterable[Model]) -> list[str]:
    """Marts read marts and intermediate models, never staging; nobody reads upwards."""
    return [
        f"{model.name} ({model.layer}) reads {parent}; it may read {', '.join(sorted(LAYER_SOURCES[model.layer]))}."
        for model in models
        for parent in model.parents
        if PurePosixPath(parent).parts[0] not in LAYER_SOURCES[model.layer]
    ]


def undescribed(models: Iterable[Model]) -> list[str]:
    """Every model says its grain; every listed column says what it is; a mart lists its columns under a contract."""
    sentences = []
    for model in models:
        if not model.description:
            sentences.append(f"{model.name} has no description; say 'one row per ...'.")
        elif "one row per" not in model.description.lower():
            sentences.append(f"The description of {model.name} does not say its grain ('one row per ...').")
        if model.layer == "marts" and not (model.contract and model.columns):
            sentences.append(f"{model.name} is a mart without an enforced contract.")
        sentences += [
            f"{model.name}.{column} has no description." for column, text in model.columns.items() if not text
        ]
    return sentences


def untested(models: Iterable[Model]) -> list[str]:
    """Every model has a data test or a unit test of its own."""
    return [f"{model.name} has no test in its YAML file." for model in models if model.test_count == 0]


def outer_query(sql: str) -> str:
    """What follows the last CTE; the house's style closes each with a line `)`."""
    return re.split(r"^\)\s*$", without_comments(sql), flags=re.MULTILINE)[-1]


def long_or_starred(models: Iterable[Model]) -> list[str]:
    """No model is longer than a few screens, and the columns that leave a mart are written out."""
    sentences = []
    for model in models:
        lines = model.sql.count("\n") + 1
        if lines > MAX_MODEL_LINES:
            sentences.append(f"{model.name} has {lines} lines; split it ({MAX_MODEL_LINES} are allowed).")
        if model.layer == "marts" and SELECT_STAR.search(outer_query(model.sql)):
            sentences.append(f"{model.name} is a mart and ends in 'select *'; write its columns out.")
    return sentences


def full_folders(models: Iterable[Model]) -> list[str]:
    """A room holds no more than can be seen at once."""
    folders = Counter(str(PurePosixPath(model.path).parent) for model in models)
    return [
        f"models/{folder} holds {count} models; divide it ({MAX_MODELS_IN_A_FOLDER} are allowed)."
        for folder, count in sorted(folders.items())
        if count > MAX_MODELS_IN_A_FOLDER
    ]


def below(models: Sequence[Model], name: str) -> set[str]:
    """Names of the models that stand on a model, directly or through others; itself included."""
    by_path = {model.path: model.name for model in models}
    found = {name}
    while True:
        more = {model.name for model in models if found & {by_path[parent] for parent in model.parents}}
        if more <= found:
            return found
        found |= more


def reads_behind_the_cube(models: Sequence[Model], respondent_models: frozenset[str]) -> list[str]:
    """Nothing that stands on the cube reads a model with a row per respondent.

    Args:
        models: All models.
        respondent_models: Names of the models with a row per respondent.
    """
    by_path = {model.path: model.name for model in models}
    return [
        f"{model.name} stands on {CUBE} and reads {by_path[parent]}, which holds respondents; finish the cube instead."
        for model in models
        if model.name in below(models, CUBE) - {CUBE}
        for parent in model.parents
        if by_path[parent] in respondent_models
    ]


def shape(models: Sequence[Model]) -> dict[str, float]:
    """How tied together the models are.

    Returns:
        `models`; `edges`: reads of models by models; `floors`: longest chain; `ways`: ways to the deepest fact from the
        models that read no model.
    """
    parents = {model.path: model.parents for model in models}

    @cache
    def depth(path: str) -> int:
        return 1 + max((depth(parent) for parent in parents[path]), default=0)

    @cache
    def ways(path: str) -> int:
        return sum(ways(parent) for parent in parents[path]) or 1

    facts = [model.path for model in models if model.name.startswith("fct_")]
    return {
        "models": len(models),
        "edges": sum(map(len, parents.values())),
        "floors": max(map(depth, parents)),
        "ways": ways(max(facts, key=depth)),
    }


def imported_modules(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Modules of the project that each module imports, anywhere in it.

    Args:
        sources: Path of a Python file to its code.
    """
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in sources}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(sources[path])):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        # A package that is named only to reach a module in it is not imported for itself.
        reached = {module for module in wanted if module in names}
        found[name] = {module for module in reached if not any(other.startswith(f"{module}.") for other in reached)} - {
            name
        }
    return found


def upward_imports(imports: Mapping[str, set[str]], floors: Sequence[str]) -> list[str]:
    """A package imports only packages of its own floor or below.

    Args:
        imports: Module to the modules it imports.
        floors: Packages, the lowest first.
    """
    height = {package: number for number, package in enumerate(floors)}
    return [
        f"{module} imports {other}; {other.split('.')[0]} stands above {module.split('.')[0]}."
        for module, others in sorted(imports.items())
        for other in sorted(others)
        if height.get(other.split(".")[0], -1) > height.get(module.split(".")[0], len(floors))
    ]


def import_circles(imports: Mapping[str, set[str]]) -> list[str]:
    """No module imports itself through others."""
    sorter = TopologicalSorter(imports)
    try:
        sorter.prepare()
    except CycleError as circle:
        return [f"These modules import each other in a circle: {' -> '.join(circle.args[1])}."]
    return []


def spelled_out(text: str, names: frozenset[str]) -> Iterator[str]:
    """Names that a literal is, or that stand in it as a word too long or too compound to be plain English."""
    if text in names:
        yield text
        return
    for word in re.findall(r"[a-z0-9_]+", text):
        if word in names and ("_" in word or len(word) > 8):
            yield word


def sql_names(sql: str, names: frozenset[str]) -> Iterator[str]:
    """Names of the codebook and years that SQL or Jinja code spells out."""
    code = without_comments(sql)
    for single, double in SQL_LITERAL.findall(code):
        yield from spelled_out(single or double, names)
    yield from YEAR.findall(code)


def python_names(source: str, names: frozenset[str]) -> Iterator[str]:
    """Names of the codebook and years that Python code spells out, docstrings aside."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield from spelled_out(node.value, names)
            yield from YEAR.findall(node.value)
        elif isinstance(node.value, int) and YEAR.fullmatch(str(node.value)):
            yield str(node.value)


def yaml_names(content: object, names: frozenset[str]) -> Iterator[str]:
    """Names of the codebook that a YAML file's values spell out, descriptions and unit tests aside."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key not in {"description", "unit_tests", "name"}:
                yield from yaml_names(value, names)
    elif isinstance(content, list):
        for value in content:
            yield from yaml_names(value, names)
    else:
        yield from spelled_out(str(content), names)
        yield from YEAR.findall(str(content))


def forbidden_text(files: Mapping[str, str]) -> list[str]:
    """No file names a package registry or a path of somebody's machine.

    Args:
        files: Path to text.
    """
    return [
        f"{path} line {number} names {what}: {found.group(0)}"
        for path, text in files.items()
        for what, pattern in FORBIDDEN_TEXT.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := pattern.search(line))
    ]


def _braces(pattern: str) -> list[str]:
    found = re.search(r"\{([^{}]*)\}", pattern)
    if not found:
        return [pattern]
    return [
        expanded
        for part in found.group(1).split(",")
        for expanded in _braces(pattern[: found.start()] + part.strip() + pattern[found.end() :])
    ]


def _exists(root: Path, path: str) -> bool:
    return all(any(root.glob(pattern)) for pattern in _braces(PLACEHOLDER.sub("*", path).rstrip("/")))


def missing_paths(
    document: str, text: str, root: Path, made: Sequence[str] = ("build", "landing", ".venv")
) -> list[str]:
    """Paths that a document names and that are not there.

    Inline code counts as a path when its first part is a folder or file of the root; `<survey>` and `*` match any name,
    `{a,b}` each of its own.

    Args:
        document: Path of the document, relative to the root.
        text: Its Markdown.
        root: Root of the project.
        made: Top-level folders that only exist after a run.
    """
    there = {path.name for path in root.iterdir()}
    sentences = []
    for code in INLINE_CODE.findall(text):
        first = code.split("/")[0]
        is_path = (
            PATH_WORD.match(code)
            and ("/" in code or code.endswith((".md", ".toml", ".yml")))
            and not code.startswith("/")
        )
        if is_path and first in there and first not in made and not _exists(root, code):
            sentences.append(f"{document} names `{code}`, which is not there.")
    folder = (root / document).parent
    sentences += [
        f"{document} links to {link}, which is not there."
        for link in MARKDOWN_LINK.findall(text)
        if not (folder / link).resolve().exists()
        and (folder / link).resolve().relative_to(root.resolve()).parts[0] not in made
    ]
    return sentences


def missing_targets(document: str, text: str, makefile: str) -> list[str]:
    """Make targets that a document names and the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][a-z_-]*):", makefile, re.MULTILINE))
    code = "\n".join(INLINE_CODE.findall(text) + re.findall(r"```\w*\n(.*?)```", text, re.DOTALL))
    return [
        f"{document} says 'make {target}', which the Makefile does not have."
        for target in sorted(set(MAKE_TARGET.findall(code)) - targets)
    ]


def importers(sources: Mapping[str, str], package: str) -> list[str]:
    """Python files that import a package, anywhere in them.

    Args:
        sources: Path to code.
        package: Top-level package.
    """
    found = []
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == package for name in named):
                found.append(path)
                break
    return found
