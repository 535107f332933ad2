"""The assets of the road: raw wave files, the warehouse that dbt builds, and the published release."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets

from expectations.gates import check_raw, read_raw_files, undeclared_files
from helsemonitor.artifacts import clear_artifacts, file_sha256
from helsemonitor.build_failures import explain_build
from helsemonitor.codebook import Wave, raw_file, read_waves
from helsemonitor.dbt_build import dbt_build_arguments
from helsemonitor.errors import DataRefused
from helsemonitor.inputs import is_sealed, seal_warehouse
from helsemonitor.record_keys import ensure_record_key_secret
from helsemonitor.warehouse import remove_warehouse
from orchestration import road
from orchestration.checks import (
    CODEBOOK,
    DELIVERY,
    MART_CHECKS,
    WAVE_FILE,
    WAVE_FILES,
    WAVE_ROWS,
    declared_check,
    file_checks,
    file_results,
    wave_check,
    wave_result,
)
from orchestration.partitions import wave_partitions
from orchestration.resources import WriterLock, dbt_project, declared_as_drawn, no_network, refusals_fail, settings


def _chosen(wave_ids: Sequence[str]) -> list[Wave]:
    """The declared waves of some partitions.

    Raises:
        Failure: waves.csv declares one of them not.
    """
    with refusals_fail():
        declared = {wave.wave_id: wave for wave in read_waves(settings)}
    if unknown := [wave_id for wave_id in wave_ids if wave_id not in declared]:
        raise dg.Failure(
            description=f"{settings.shown(settings.codebook_dir / 'waves.csv')} does not declare "
            f"{', '.join(unknown)}; add its row, and start the run again.",
            allow_retries=False,
        )
    return [declared[wave_id] for wave_id in wave_ids]


@dg.asset(
    key=WAVE_FILE,
    deps=[DELIVERY],
    partitions_def=wave_partitions,
    check_specs=[wave_check(WAVE_FILE, "expectations")],
    group_name="landing",
    kinds={"csv"},
)
def wave_file(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """One raw wave file, held against its suite on its own, before a refresh takes it in."""
    (wave,) = _chosen([context.partition_key])
    with refusals_fail():
        (check,) = check_raw(settings, [wave], docs=wave.seed)
    path = raw_file(settings, wave)
    sha256 = file_sha256(path) if path.exists() else ""
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": check.respondents,
            "sha256": sha256,
            "sha256_as_declared": sha256 == wave.sha256,
        },
        check_results=[wave_result(WAVE_FILE, "expectations", check)],
    )


def _wave_rows() -> dg.AssetsDefinition:
    with warnings.catch_warnings():
        # The argument has the name of a beta since 2023.
        warnings.simplefilter("ignore", dg.BetaWarning)

        @dg.asset(
            key=WAVE_ROWS,
            deps=[WAVE_FILE],
            partitions_def=wave_partitions,
            # The warehouse has one writer: a backfill is one run, and one build, of all the waves that it names.
            backfill_policy=dg.BackfillPolicy.single_run(),
            group_name="landing",
            kinds={"dbt", "duckdb"},
        )
        def wave_rows(context: dg.AssetExecutionContext, writer_lock: WriterLock) -> dg.MaterializeResult:
            """One wave's rows of the tables by wave: its raw file, its answers, its groups, its cells."""
            chosen = _chosen(context.partition_keys)
            with refusals_fail():
                result = road.build_waves(settings, read_waves(settings), chosen)
            return dg.MaterializeResult(metadata=dict(result.counts))

        return wave_rows


wave_rows = _wave_rows()


@dg.asset(
    key=CODEBOOK,
    check_specs=[dg.AssetCheckSpec("gate", asset=CODEBOOK, blocking=True, description="Schema, references and sense.")],
    group_name="landing",
    kinds={"csv"},
)
def codebook() -> dg.MaterializeResult:
    """The codebook, through its gate and in the form that dbt reads."""
    sentences: tuple[str, ...] = ()
    counts: Mapping[str, int] = {}
    try:
        counts = road.gate_codebook(settings).counts
    except DataRefused as refusal:
        sentences = refusal.sentences
    check = dg.AssetCheckResult(
        asset_key=CODEBOOK, check_name="gate", passed=not sentences, description="\n".join(sentences) or None
    )
    return dg.MaterializeResult(metadata=counts, check_results=[check])


@dg.asset(
    key=WAVE_FILES,
    deps=[CODEBOOK, dg.AssetDep(WAVE_FILE, partition_mapping=dg.AllPartitionMapping())],
    check_specs=[declared_check(), *file_checks()],
    group_name="landing",
    kinds={"csv", "greatexpectations"},
)
def wave_files() -> dg.MaterializeResult:
    """The raw files of all declared waves, together: the gate before the warehouse."""
    with refusals_fail():
        waves = read_waves(settings)
        checks = read_raw_files(settings, waves, copies=settings.gated_seeds_dir / "raw").begin()()
        undeclared = undeclared_files(settings, waves)
    return dg.MaterializeResult(
        metadata={
            "waves": len(waves),
            "dagster/row_count": sum(check.respondents for check in checks),
            "data_docs": dg.MetadataValue.path(settings.data_docs_dir / "index.html"),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=WAVE_FILES,
                check_name="declared",
                passed=not undeclared,
                description="\n".join(undeclared) or None,
            ),
            *file_results(checks),
        ],
    )


class AfterTheGates(DagsterDbtTranslator):
    """The stock translator, with more edges: seeds come after the gate over their files."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Describe a seed or model as an asset."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        gates = {"raw": [WAVE_FILES], "codebook": [CODEBOOK], "published": [CODEBOOK]}
        return spec.merge_attributes(deps=gates.get(spec.key.path[0], [])) if unique_id.startswith("seed.") else spec


def warehouse_assets() -> dg.AssetsDefinition:
    """Seeds, models and data tests of the dbt project, parsed now."""
    project = dbt_project()

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="warehouse",
        dagster_dbt_translator=AfterTheGates(),
    )
    def warehouse(context: dg.AssetExecutionContext, dbt: DbtCliResource, writer_lock: WriterLock) -> Iterator[Any]:
        """Seeds, models and data tests of the dbt project."""
        waves, target_dir = declared_as_drawn(), settings.dagster_target_dir / "run"
        # A part may be built without the step of the gate; the graph is drawn with less.
        with refusals_fail():
            road.gate_codebook(settings)
        clear_artifacts(target_dir)
        ensure_record_key_secret(settings)
        was_sealed = is_sealed(settings)
        if not context.is_subset and not was_sealed:
            remove_warehouse(settings)
        settings.warehouse_seal.unlink(missing_ok=True)
        arguments = dbt_build_arguments(settings, waves)
        with no_network():
            build = dbt.cli(arguments, context=context, target_path=target_dir, raise_on_error=False)
        yield from build.stream()
        if not build.is_successful():
            reason = explain_build(settings, target_dir, str(build.get_error()))
            raise dg.Failure(description=str(reason), allow_retries=False)
        # A part built upon a warehouse that nobody answers for makes it no better.
        if was_sealed or not context.is_subset:
            seal_warehouse(settings)

    return warehouse


def release_asset(warehouse: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The published marts, after the marts of a warehouse and their gate."""
    marts = {key for key in warehouse.keys if key.path[0] == "marts"}

    @dg.asset(
        key=["release", "current"],
        deps=sorted(marts | {spec.asset_key for spec in MART_CHECKS}),
        group_name="release",
        kinds={"duckdb", "parquet"},
    )
    def release(context: dg.AssetExecutionContext, writer_lock: WriterLock) -> dg.MaterializeResult:
        """The published marts: one DuckDB file and one Parquet file per table, swapped in atomically."""
        waves = declared_as_drawn()
        with refusals_fail():
            result, published = road.publish(settings, waves, settings.dagster_target_dir / "run")
        for note in result.notes:
            context.log.warning(note)
        return dg.MaterializeResult(
            metadata={"release": published.release_id, "path": dg.MetadataValue.path(published.path), **result.counts}
        )

    return release
