{# A wave id is `<survey>_<year>`; the year is what follows the last underscore. #}
{% macro wave_survey(wave) -%}{{ wave.rpartition('_')[0] }}{%- endmacro %}
{% macro wave_year(wave) -%}{{ wave.rpartition('_')[2] }}{%- endmacro %}
