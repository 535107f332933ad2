{# Written by `make waves` from seeds/codebook/waves.csv; a run of the road passes the waves of its own seeds folder. #}
{% macro declared_waves() %}
{{ return(var('waves', [
    'helsepersonell_2019',
    'helsepersonell_2020',
    'helsepersonell_2021',
    'helsepersonell_2022',
    'helsepersonell_2023',
    'helsepersonell_2024',
    'innbygger_2019',
    'innbygger_2020',
    'innbygger_2021',
    'innbygger_2022',
    'innbygger_2023',
    'innbygger_2024',
    'innbygger_2025',
])) }}
{% endmacro %}
