"""What the table says: numbers, limits and flags in words."""

import numpy as np
import pytest

from clumpscope.core.clumps import clump_table
from clumpscope.core.flags import ClumpFlag
from clumpscope.plot.clump_cells import columns, flag_notes, flag_words
from clumpscope.plot.clump_table import ClumpTable

COMMON = int(ClumpFlag.PSF_ASSUMED)


def release(bands="ugr", **changes):
    values = {
        "galaxy_id": ["g", "g"],
        "clump_id": [1, 2],
        "clump_label_id": [1, 2],
        "clump_score": [0.934, 0.5],
        **{f"clump_flux_{band}": [10e-6, 1e-6] for band in bands},
        **{f"clump_flux_err_{band}": [1e-6, 0.9e-6] for band in bands},
        **{f"clump_mag_{band}": [21.4, 23.9] for band in bands},
        **{f"clump_mag_err_{band}": [0.109, 0.98] for band in bands},
        **{f"clump_mag_limit_{band}": [21.2, 22.771] for band in bands},
        "clump_flux_ratio": [0.0412, -0.0004],
        "clump_flux_ratio_err": [0.0051, 0.002],
        "p_3pct": [0.98, 0.0],
        "flags": [COMMON | int(ClumpFlag.OVERLAP | ClumpFlag.BLENDED), COMMON],
    }
    return clump_table("release", {**values, **changes}, bands)


def cells(clumps):
    return {column.head: list(column.cells) for column in columns(clumps)}


def test_a_release_shows_magnitudes_with_errors_and_limits_below_two_sigma():
    found = cells(release())
    assert list(found) == [
        *(("clump", ""), ("class", ""), ("score", "")),
        *((band, "AB mag") for band in "ugr"),
        *(("S/N", "u"), ("u/host", "%"), ("p_3pct", ""), ("quality", "")),
    ]
    assert found["clump", ""] == [("1", ""), ("2", "")]
    assert found["class", ""] == [("clump", ""), ("odd", "clump")]
    assert found["score", ""] == [("0.93", ""), ("0.50", "")]
    assert found["g", "AB mag"] == [("21.40", "±0.11"), ("> 22.77", "")]
    assert found["S/N", "u"] == [("10.0", ""), ("1.1", "")]
    assert found["u/host", "%"] == [("4.1", "±0.5"), ("0.0", "±0.2")]
    assert found["p_3pct", ""] == [("0.98", ""), ("0.00", "")]


def test_quality_is_shown_where_the_catalogue_has_it():
    table = release()
    table["quality"] = [0, 2]
    assert cells(table)["quality", ""] == [("0", ""), ("2", "")]


def test_unknown_numbers_are_dashes():
    nan = [np.nan, np.nan]
    blank = {f"clump_{stem}_g": nan for stem in ("flux", "flux_err", "mag", "mag_err", "mag_limit")}
    found = cells(release(clump_flux_ratio=nan, clump_flux_err_u=[0.0, np.nan], **blank))
    assert found["g", "AB mag"] == [("–", ""), ("–", "")]
    assert found["u/host", "%"] == [("–", ""), ("–", "")]
    assert found["S/N", "u"] == [("–", ""), ("–", "")]


@pytest.mark.parametrize("level", ["positions", "release"])
def test_without_fluxes_there_are_positions(level):
    table = clump_table(
        level,
        {
            "clump_id": [1],
            "clump_label_id": [1],
            "clump_centre_px_x": [12.34],
            "clump_centre_px_y": [5.0],
        },
    )
    found = cells(table)
    assert (found["x", "pix"], found["y", "pix"]) == ([("12.3", "")], [("5.0", "")])
    assert not [head for head in found if head[1] == "AB mag"]


def test_flags_are_words_and_those_of_all_clumps_are_said_once():
    assert flag_words(release()) == [["OVERLAP", "BLENDED"], []]
    notes = flag_notes(release())
    assert notes[0].startswith("all clumps: PSF_ASSUMED: PSF-FWHM not measured")
    assert [note.split(":")[0] for note in notes[1:]] == ["OVERLAP", "BLENDED"]
    assert flag_words(release()[:1]) == [["PSF_ASSUMED", "OVERLAP", "BLENDED"]]


def test_many_bands_make_the_letters_smaller_and_flags_keep_their_room():
    few, many = (ClumpTable.fit(release(bands), 7.6) for bands in ("ugr", "ugrizy" + "jhk"))
    assert (few.scale, many.scale < 1) == (1.0, True)
    taken = many.scale * sum(column.width for column in many.columns)
    assert 7.6 - taken == pytest.approx(1.8)
    assert max(len(line) for lines in many.flags for line in lines) * 0.064 * many.scale < 1.8


def test_height_grows_with_clumps_flags_and_notes():
    one, two = ClumpTable.fit(release()[:1], 7.6), ClumpTable.fit(release(), 7.6)
    assert two.height > one.height
    crowded = ClumpTable.fit(release(flags=[(1 << 22) - 1, 0]), 7.6)
    assert crowded.height > two.height + 20 * 0.14
