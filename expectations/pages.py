"""The pages with the results: made to be read from a disk, without the network."""

import re
from html import escape
from pathlib import Path

# Tags by which a browser would fetch something from elsewhere.
REMOTE = re.compile(
    r"""<script[^>]*\ssrc=["']https?://[^>]*>\s*</script>|<(?:link|img|source)\b[^>]*["']https?://[^>]*>""",
    re.IGNORECASE,
)
STYLE = "<style>\n" + Path(__file__).with_name("pages.css").read_text(encoding="utf-8") + "</style>"


def make_offline(site: Path) -> None:
    """Replace remote scripts, styles and pictures (one of which counts visits) by one small style."""
    for page in site.rglob("*.html"):
        text = REMOTE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{STYLE}\n</head>", 1), encoding="utf-8")


def write_index(docs_dir: Path) -> None:
    """Write the page that leads to the gates' pages."""
    gates = sorted(path.parent.name for path in docs_dir.glob("*/index.html"))
    links = "\n".join(f'<li><a href="{escape(gate)}/index.html">{escape(gate)}</a></li>' for gate in gates)
    docs_dir.joinpath("index.html").write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Data docs</title>{STYLE}</head>\n'
        f"<body><h1>What was expected, and what was found</h1>\n<ul>\n{links}\n</ul></body></html>\n",
        encoding="utf-8",
    )
