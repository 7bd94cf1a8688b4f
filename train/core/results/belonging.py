"""Whether the files of a run folder belong together, and what makes anew those that do not.

spec.json has the hashes of the models (``runfolder.read_spec``). What is made of a model names its hash.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError, typed
from train.core.manifest import Manifest, check_files, read_manifest
from train.core.operating_point import in_force
from train.core.outputs import has_mark
from train.core.results.training import History, Metrics
from train.core.spec import ModelSpec

_NAME = "earshot-figures"
_MARK = f'<meta name="{_NAME}" content="{{}}">'  # in report.html


def read_metrics(run: Path, spec: ModelSpec) -> Metrics:
    """metrics.json of a run.

    A model that was deleted to save space is no fault.

    Raises:
        UserError: there is none, it is not as expected, or about other models than those of spec.json.
    """
    metrics = Metrics.read(run / runfolder.METRICS)
    for kind, figures in metrics.by_kind.items():
        name, scored = figures.artefact, figures.sha256
        if scored is not None and scored != spec.artefacts.get(name):
            raise UserError(
                f"{run / runfolder.METRICS}: its {kind} figures are of another {name} (SHA-256 "
                f"{scored[:12]}…) than {runfolder.SPEC} names; score it again: "
                f"earshot train --resume {typed(run)}"
            )
        if name in spec.artefacts and (run / name).is_file():
            runfolder.read_spec(run, needs=[name])
    return metrics


def read_history(run: Path, spec: ModelSpec) -> History | None:
    """history.json of a run; None where there is none.

    Raises:
        UserError: it is not as expected, or of another model.pb.
    """
    path = run / runfolder.HISTORY
    if not path.is_file():
        return None
    history = History.read(path)
    if history.model_sha256 not in (None, spec.artefacts.get(runfolder.GRAPHDEF)):
        raise UserError(
            f"{path}: is of another {runfolder.GRAPHDEF} than {runfolder.SPEC} names; make it again with: "
            f"{History.made_by(path)}"
        )
    return history


def check_sources(run: Path, spec: ModelSpec) -> Manifest:
    """The manifest of RUN/c, after checking that it is of the run's model, whole and unchanged.

    Raises:
        UserError: it is not; the message says what makes it.
    """
    sources = run / runfolder.C_SOURCES
    remedy = remedy_of_sources(run)
    manifest = read_manifest(sources, remedy)
    found, expected = manifest.model_sha256, spec.artefacts.get(runfolder.TFLITE, "none")
    if found != expected:
        raise UserError(
            f"{sources}: was generated from another model: SHA-256 is {found[:12]}…, "
            f"expected {expected[:12]}…, that of {run / runfolder.TFLITE}; {remedy}"
        )
    if (manifest.front_end_sha256, manifest.labels) != (spec.front_end.sha256, spec.labels):
        raise UserError(
            f"{sources}: was generated with another front end or other labels than {run / runfolder.SPEC} "
            f"has; {remedy}"
        )
    check_files(sources, manifest, remedy)
    return manifest


def check_point(run: Path, spec: ModelSpec, manifest: Manifest) -> None:
    """Refuse C that decides by other thresholds than those in force now.

    Raises:
        UserError: it does.
    """
    name, point = in_force(run, spec)
    if manifest.operating_point is None or manifest.operating_point.sha256 != point.sha256:
        raise UserError(
            f"{run / runfolder.C_SOURCES}: was generated with other thresholds than those in force now "
            f"({name}); {remedy_of_sources(run)}"
        )


def remedy_of_sources(run: Path) -> str:
    """What to do about RUN/c."""
    return f"make it with: earshot codegen {typed(run)}"


def report_mark(run: Path) -> str:
    """What report.html says of the figures that it shows."""
    digest = hashlib.sha256()
    for name in (runfolder.SPEC, runfolder.METRICS, runfolder.HISTORY, runfolder.OPERATING_POINTS):
        path = run / name
        digest.update(runfolder.sha256_file(path).encode() if path.is_file() else b"-")
    return _MARK.format(digest.hexdigest())


def check_report(run: Path) -> None:
    """Make sure that report.html shows the figures that are there.

    Raises:
        UserError: it is missing, or shows others.
    """
    path = run / runfolder.REPORT
    remedy = f"make it with: earshot report {typed(run)}"
    if not path.is_file():
        raise UserError(f"{path}: missing; {remedy}")
    # Pages of older versions do not tell.
    if has_mark(_NAME)(path) and not has_mark(report_mark(run))(path):
        raise UserError(f"{path}: shows other figures than the run has now; {remedy}")


def stale(run: Path) -> list[str]:
    """Everything in a run folder that is missing or not of its models: a sentence each, with what makes it.

    In the order in which the commands that they name put all right. Nothing is said of a folder whose
    spec.json cannot be read but that.
    """
    try:
        spec = runfolder.read_spec(run)
    except UserError as error:
        return [str(error)]
    checks: list[Callable[[], object]] = [
        *(lambda name=name: runfolder.read_spec(run, needs=[name]) for name in sorted(spec.artefacts)),
        lambda: _check_labels(run, spec),
        lambda: read_history(run, spec),
        lambda: read_metrics(run, spec),
    ]
    if spec.front_end.is_deployable:
        checks += [
            lambda: runfolder.read_spec(run, needs=[runfolder.TFLITE]),
            lambda: in_force(run, spec),
            lambda: check_point(run, spec, check_sources(run, spec)),
        ]
    checks.append(lambda: check_report(run))
    said: dict[str, None] = {}
    for check in checks:
        try:
            check()
        except UserError as error:
            said[str(error)] = None
    return list(said)


def _check_labels(run: Path, spec: ModelSpec) -> None:
    path = run / runfolder.LABELS
    found = path.read_text(encoding="utf-8").splitlines() if path.is_file() else None
    if found != list(spec.labels):
        raise UserError(
            f"{path}: has other labels than {run / runfolder.SPEC}; make it again with: "
            f"{runfolder.made_by(run, runfolder.LABELS)}"
        )
