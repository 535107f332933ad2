"""Runs MetricFlow as users do, and keeps the output that stands below each `mf query` of docs/bi.md.

`python -m tests.integration.metricflow_examples` runs the examples on the present build and writes their output into
the document; the queries in SQL among them run on the current release.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from importlib.util import find_spec
from pathlib import Path

from helsemonitor.settings import Settings
from tests.integration.readme_queries import with_output as with_tables

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "bi.md"
EXAMPLE = re.compile(r"```sh\n(?P<command>\.venv/bin/mf query .*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)
SECONDS = 120
# As wide as the document's text.
WIDTH = 120


def installed() -> bool:
    """Whether MetricFlow, a requirement of development only, is there."""
    return find_spec("dbt_metricflow") is not None


def make_project(folder: Path, build: Path) -> Path:
    """Make the folder that `mf` runs in: it reads two settings files and `target/semantic_manifest.json`, nothing else.

    Args:
        folder: New or empty folder.
        build: Build folder of a finished refresh.

    Returns:
        The folder.
    """
    (folder / "target").mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(build / "dbt_target" / "semantic_manifest.json", folder / "target")
    return folder


def mf(project: Path, build: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `mf`, without its look for newer versions of itself.

    Args:
        project: Folder made by `make_project`.
        build: Build folder whose warehouse is asked.
        arguments: Words of the command line after `mf`.
    """
    # A closed port: the look ends at once.
    environment = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    return subprocess.run(
        [str(Path(sys.executable).parent / "mf"), *arguments],
        cwd=project,
        env=os.environ | environment | {"HELSEMONITOR_BUILD": str(build.resolve()), "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """What a refused query says, without the files and addresses that `mf` adds."""
    said = (result.stdout + result.stderr).partition("ERROR:")[2].strip()
    return " ".join(re.split(r"\n\s*\n", said)[0].split())


def output_of(project: Path, build: Path, command: str) -> str:
    """Run a command of the document and say what it prints, as lines that fit the document."""
    result = mf(project, build, *shlex.split(command.replace("\\\n", " "))[1:])
    if result.returncode:
        return textwrap.fill(f"ERROR: {sentence(result)}", WIDTH) + "\n"
    return "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines() if line.strip())


def with_output(text: str, project: Path, build: Path) -> str:
    """Put the present output below each `mf query` of a Markdown text."""
    return EXAMPLE.sub(
        lambda found: f"```sh\n{found['command']}```\n\n```text\n{output_of(project, build, found['command'])}```\n",
        text,
    )


def main() -> None:
    """Write the present output into the document."""
    settings = Settings.from_environment()
    text = with_tables(DOCUMENT.read_text(encoding="utf-8"), settings.published_dir / "current" / "helsemonitor.duckdb")
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project", settings.build_dir)
        DOCUMENT.write_text(with_output(text, project, settings.build_dir), encoding="utf-8")


if __name__ == "__main__":
    main()
