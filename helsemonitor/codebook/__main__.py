"""Write what dbt must know before it reads a file: the raw seeds' names, the properties of the codebook's seeds."""

from helsemonitor.codebook.dbt_files import seed_properties, wave_macro
from helsemonitor.codebook.waves import read_waves
from helsemonitor.settings import Settings

here = Settings.from_environment()
(here.project_dir / "macros" / "waves.sql").write_text(wave_macro(read_waves(here)), encoding="utf-8")
(here.project_dir / "models" / "staging" / "_codebook__seeds.yml").write_text(seed_properties(), encoding="utf-8")
