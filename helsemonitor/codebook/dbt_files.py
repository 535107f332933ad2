"""Files of the dbt project that are written from the codebook and its schema; tests hold them equal."""

import json
from collections.abc import Sequence

from helsemonitor.codebook.schema import Table, tables
from helsemonitor.codebook.waves import Wave


def wave_macro(waves: Sequence[Wave]) -> str:
    """Text of `macros/waves.sql`: dbt needs the names of the raw seeds before it can read a file."""
    names = "".join(f"    {json.dumps(wave.variable, ensure_ascii=False)},\n" for wave in waves)
    return (
        "{# Written by `make waves` from seeds/codebook/waves.csv; a run of the road passes the waves of its own seeds "
        "folder. #}\n"
        f"{{% macro declared_waves() %}}\n{{{{ return(var('waves', [\n{names}])) }}}}\n{{% endmacro %}}\n"
    )


def _properties(table: Table) -> list[str]:
    lines = [f"  - name: {table.name}", f"    description: {table.description!r}"]
    types = [f"{field.name}: {_quoted(field.dbt_type)}" for field in table.fields if field.dbt_type]
    if types:
        lines.append(f"    config: {{column_types: {{{', '.join(types)}}}}}")
    return lines


def _quoted(dbt_type: str) -> str:
    return f'"{dbt_type}"' if "," in dbt_type else dbt_type


def seed_properties() -> str:
    """Text of the YAML file that describes the codebook's seeds to dbt: descriptions, and types that are not text."""
    head = [
        "# Written by `make waves` from helsemonitor/codebook/datapackage.json.",
        "version: 2",
        "seeds:",
    ]
    return "\n".join([*head, *(line for table in tables().values() for line in _properties(table))]) + "\n"
