{# Written by `make waves` from seeds/codebook/waves.csv; a run of the road passes the waves of its own seeds folder. #}
{% macro declared_waves() %}
{{ return(var('waves', [
    {"survey": "helsepersonell", "year": 2019, "wave": "2019", "seed": "helsepersonell_2019"},
    {"survey": "helsepersonell", "year": 2020, "wave": "2020", "seed": "helsepersonell_2020"},
    {"survey": "helsepersonell", "year": 2021, "wave": "2021", "seed": "helsepersonell_2021"},
    {"survey": "helsepersonell", "year": 2022, "wave": "2022", "seed": "helsepersonell_2022"},
    {"survey": "helsepersonell", "year": 2023, "wave": "2023", "seed": "helsepersonell_2023"},
    {"survey": "helsepersonell", "year": 2024, "wave": "2024", "seed": "helsepersonell_2024"},
    {"survey": "innbygger", "year": 2019, "wave": "2019", "seed": "innbygger_2019"},
    {"survey": "innbygger", "year": 2020, "wave": "2020", "seed": "innbygger_2020"},
    {"survey": "innbygger", "year": 2021, "wave": "2021", "seed": "innbygger_2021"},
    {"survey": "innbygger", "year": 2022, "wave": "2022", "seed": "innbygger_2022"},
    {"survey": "innbygger", "year": 2023, "wave": "2023", "seed": "innbygger_2023"},
    {"survey": "innbygger", "year": 2024, "wave": "2024", "seed": "innbygger_2024"},
    {"survey": "innbygger", "year": 2025, "wave": "2025", "seed": "innbygger_2025"},
])) }}
{% endmacro %}
