"""What a consensus found, as tables."""

from collections.abc import Sequence

import numpy as np
from astropy.table import QTable

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Export, Fault, Kind
from clumpscope.core.records import CONSENSUS, CORNERS, LABELS, SCHEMA_VERSION
from clumpscope.core.schema import build_table
from clumpscope.stages.consensus.aggregate import Consensus
from clumpscope.stages.consensus.truths import Truths, Verdict


def labels_table(
    export: Export,
    truths: Sequence[Truths],
    chance: Sequence[np.ndarray],
    p_kind: Sequence[np.ndarray] = (),
) -> QTable:
    """Boxes of all images as rows of ``labels.parquet``; bulges are left out."""
    marks = export.marks
    looks, at = marks.slices()
    columns: dict[str, list[object]] = {spec.name: [] for spec in [*LABELS, *CONSENSUS]}
    for i, (found, sure) in enumerate(zip(truths, chance, strict=True)):
        kind = marks.kind[at[i] : at[i + 1]]
        for t in np.flatnonzero(found.kind + 1 < Kind.BULGE):
            mine = kind[found.owner == t]
            row = {
                "galaxy_id": str(marks.images[i]),
                "label": int(found.kind[t]) + 1,
                **dict(zip(CORNERS, found.xyxy[t].tolist(), strict=True)),
                "ra": np.nan,
                "dec": np.nan,
                "probability": float(sure[t]),
                "p_odd": _odd(p_kind[i][t]) if len(p_kind) else float(np.mean(mine == Kind.ODD)),
                "tool_mean": float(np.mean(mine == Kind.ODD)),
                "n_marks": len(mine),
                "n_looks": int(looks[i + 1] - looks[i]),
            }
            for name, value in row.items():
                columns[name].append(value)
    return build_table([*LABELS, *CONSENSUS], columns, {"schema_version": SCHEMA_VERSION})


def _odd(chances: np.ndarray) -> float:
    """Chance of odd among normal and odd."""
    if len(chances) < Kind.ODD:
        return 0.0
    normal, odd = chances[Kind.NORMAL - 1], chances[Kind.ODD - 1]
    return float(odd / (normal + odd)) if normal + odd > 0 else 0.5


def images_table(
    export: Export,
    truths: Sequence[Truths],
    verdicts: Sequence[Verdict],
    config: ConsensusConfig,
) -> QTable:
    """One row an image: what was said of it, what is expected to be wrong, and if it is done."""
    looks, at = export.marks.slices()
    n = len(export.marks)

    def of(name: str) -> list[float]:
        return [getattr(one, name) for one in verdicts] or [np.nan] * n

    return QTable(
        {
            "galaxy_id": export.marks.images,
            "subject": np.array(export.subjects, dtype=np.str_),
            "n_looks": np.diff(looks),
            "n_marks": np.diff(at),
            "n_boxes": [int((t.kind + 1 < Kind.BULGE).sum()) for t in truths],
            "n_bulges": [int((t.kind + 1 == Kind.BULGE).sum()) for t in truths],
            "difficulty": [t.difficulty for t in truths],
            "expected_false": of("false"),
            "expected_missed": of("missed"),
            "expected_inaccurate": of("inaccurate"),
            "risk": of("risk"),
            "finished": [one.finished(config) for one in verdicts] or [False] * n,
        }
    )


def volunteers_table(export: Export, result: Consensus) -> QTable:
    """One row a volunteer: what they did, and how good they are."""
    skills, marks = result.skills, export.marks
    return QTable(
        {
            "name": marks.volunteers,
            "n_images": np.bincount(marks.look_volunteer, minlength=len(marks.volunteers)),
            "n_marks": np.bincount(marks.volunteer, minlength=len(marks.volunteers)),
            "false_positive": skills.false_positive,
            "false_negative": skills.false_negative,
            "variance": skills.variance,
            "wrong_tool": skills.wrong_tool,
        }
    )


def faults_table(faults: Sequence[Fault]) -> QTable:
    """One row a listed fault of the export."""
    return QTable(
        {
            "row": np.array([fault.row for fault in faults], dtype=np.int64),
            "column": np.array([fault.column for fault in faults], dtype=np.str_),
            "problem": np.array([fault.problem for fault in faults], dtype=np.str_),
        }
    )
