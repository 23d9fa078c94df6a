import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from clumpscope.config.recipe import load_recipe
from clumpscope.core.records import HOSTS, LABELS, record_table
from clumpscope.stages.experiment import populations
from clumpscope.stages.experiment.model_tables import best_epochs, table_2, table_5
from places import RECIPES


def clumps(**columns):
    n = len(columns.get("label", [1]))
    table = QTable({"galaxy_id": columns.get("ids", ["a"] * n)})
    table["clump_label_id"] = columns.get("label", [1])
    for k, side in (("x", 4.0), ("y", 6.0)):
        table[f"clump_px_{k}1"], table[f"clump_px_{k}2"] = 10.0 * u.pix, (10.0 + side) * u.pix
    table["FWHM_r_px"] = 2.0 * u.pix
    for name in ("galaxy_z", "galaxy_lmass", "clump_mag_corr_g_r", "clump_mag_corr_u_g"):
        table[name] = columns.get(name, [0.5] * n)
    return table


def test_radius_is_to_the_closest_side():
    table = populations.radii({"m": clumps(), "none": clumps()[:0]})
    assert table["model"].tolist() == ["m"]
    assert table["radius_fwhm"][0] == pytest.approx(1.0)  # half of 4 px, of 2 px


def test_redshifts_are_counted_by_kind():
    table = clumps(label=[1, 1, 2, 1], galaxy_z=[0.015, 0.015, 0.031, np.nan])
    counted = populations.redshift_counts({"m": table})
    hit = counted[counted["clumps"] > 0]
    assert [tuple(row)[1:] for row in hit] == [
        ("normal", pytest.approx(0.01), pytest.approx(0.02), 2),
        ("odd", pytest.approx(0.03), pytest.approx(0.04), 1),
    ]


def test_colours_that_are_not_known_are_left_out():
    table = clumps(label=[1, 1, 2], clump_mag_corr_g_r=[0.1, np.nan, 0.3])
    found = populations.colours({"m": table}, "normal")
    assert found["g_r"].tolist() == [0.1]
    assert populations.colours({"m": table}, "odd")["g_r"].tolist() == [0.3]


def test_a_host_counts_once():
    table = clumps(label=[1, 1, 1, 2], ids=["a", "a", "b", "c"], galaxy_z=[0.1, 0.1, 0.2, 0.3])
    found = populations.hosts_of({"m": table}, "galaxy_lmass")
    assert found["galaxy_id"].tolist() == ["a", "b"]
    assert found["redshift"].tolist() == [0.1, 0.2]


def test_places_and_masses_of_labels():
    labels = record_table(
        LABELS,
        {"galaxy_id": ["a"], "label": [1], "x1": [0.2], "y1": [0.3], "x2": [0.4], "y2": [0.7]},
    )
    row = populations.centres(labels)[0]
    assert (row["x"], row["y"]) == pytest.approx((0.3, 0.5))
    hosts = record_table(
        HOSTS, {"galaxy_id": ["a", "b"], "redshift": [0.1, 0.2], "log_mass": [10.0, 11.0]}
    )
    assert populations.masses(hosts, labels)["log10_mass"].tolist() == [10.0]


def test_best_epoch_is_that_of_the_highest_f1():
    log = QTable({"epoch": [np.nan, 1, 2, 3], "epoch_f1": [np.nan, 0.2, 0.5, 0.4]})
    log["epoch_map"], log["epoch_mar"] = [np.nan, 0.1, 0.4, 0.9], [np.nan, 0.3, 0.6, 0.9]
    table = best_epochs({"m": log, "never": log[:1]})
    assert tuple(table[0]) == ("m", 2, 0.4, 0.6, 0.5)
    assert np.isnan(table["F1"][1])


def test_table_2_of_the_paper_s_recipes():
    whole = load_recipe(RECIPES / "paper.toml")
    models = {name: load_recipe(RECIPES / path) for name, path in whole.experiment.models.items()}
    table = table_2(models)
    assert table["model"].tolist() == [
        "imagenet-backbone",
        "imagenet-backbone-finetuned",
        "zoobot-clumps-backbone",
        "zoobot-backbone",
        "zoobot-backbone-finetuned",
    ]
    learned = ["none", "last 3", "none", "none", "last 3"]
    assert table["trainable blocks"].tolist() == learned
    assert set(table["feature extractor"]) == {"resnet50"}
    assert table["learning mode"][:2].tolist() == ["transfer learning", "fine-tuning"]
    assert whole.experiment.groups == tuple(range(1, 21))
    small = load_recipe(RECIPES / "paper-mini.toml")
    for path in small.experiment.models.values():
        load_recipe(RECIPES / path)


def test_table_5_has_a_row_a_column():
    table = table_5()
    assert "clump_flux_ratio" in table["column"]
    assert table["unit"][table["column"] == "clump_flux_u"].tolist() == ["Jy"]
