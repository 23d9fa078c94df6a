"""Pictures, large and small, as a browser asks for them."""

import io

import numpy as np
import pytest
from PIL import Image

import labelled
import vetting
from clumpscope.store.run import Run
from vetting import client


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


@pytest.fixture
def ann(run):
    with client(run) as one:
        yield one


@pytest.mark.parametrize("asked", ["", "bands=g", "bands=zru", "bands=i,r,g", "stretch=5"])
def test_a_picture_has_native_pixels(ann, asked):
    answer = ann.get(f"/api/image/a1?{asked}")
    assert answer.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == labelled.SHAPES["a1"][::-1]
    assert (
        "immutable" in answer.headers["cache-control"]
        or "max-age" in (answer.headers["cache-control"])
    )


def test_the_first_row_is_at_the_bottom(ann):
    """The clump at row 9 of 48 is a bright spot in the lower part of the picture."""
    picture = Image.open(io.BytesIO(ann.get("/api/image/a1?bands=u").content)).convert("L")
    grey = np.asarray(picture, dtype=float)
    spot = grey[48 - 1 - 9 - 1 : 48 - 1 - 9 + 2, 69:72].mean()
    mirrored = grey[8:11, 69:72].mean()
    assert spot > mirrored + 30


def test_balance_contrast_and_stretch_change_the_picture(ann):
    def mean(asked):
        content = ann.get(f"/api/image/a1?{asked}").content
        return np.asarray(Image.open(io.BytesIO(content)), dtype=float).mean(axis=(0, 1))

    plain = mean("")
    red = mean("balance=3,1,1")
    assert red[0] > 1.3 * plain[0]
    assert mean("stretch=0.2").sum() > plain.sum()
    assert mean("stretch=20").sum() < plain.sum()
    assert mean("contrast=3").sum() != plain.sum()
    assert mean("bands=u")[0] == mean("bands=u")[1]


@pytest.mark.parametrize(
    "asked",
    ["bands=x", "bands=ug", "bands=../..", "stretch=0", "stretch=nan", "contrast=1e9", "balance=1"],
)
def test_how_a_picture_cannot_be_asked(ann, asked):
    assert ann.get(f"/api/image/a1?{asked}").status_code == 422


def test_a_picture_that_is_known_is_not_sent_again(ann):
    tag = ann.get("/api/image/a1").headers["etag"]
    again = ann.get("/api/image/a1", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert not again.content
    assert ann.get("/api/image/b2", headers={"If-None-Match": tag}).status_code == 200


def test_small_pictures_are_kept_on_disk(ann, run):
    answer = ann.get("/api/thumb/b2")
    assert answer.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 160
    (kept,) = (run / ".vet-cache").rglob("*.jpg")
    assert kept.read_bytes() == answer.content


def test_small_pictures_of_another_run_go(run, tmp_path):
    with client(run) as one:
        one.get("/api/thumb/b2")
    vetting.write_run(run, tmp_path / "sample", shift=1.0)
    with client(run) as one:
        one.get("/api/thumb/a1")
    assert [path.name for path in (run / ".vet-cache").rglob("*.jpg")] == ["a1.jpg"]


def test_pictures_have_a_rate(run, monkeypatch):
    monkeypatch.setattr("clumpscope.vet.app._AT_ONCE", 5.0)
    monkeypatch.setattr("clumpscope.vet.app._PER_SECOND", 0.001)
    with client(run) as one:
        codes = [one.get("/api/thumb/a1").status_code for _ in range(8)]
    assert codes == 5 * [200] + 3 * [429]


def test_a_galaxy_whose_image_is_broken(run, tmp_path):
    (tmp_path / "sample" / "images" / "b2.fits").write_bytes(b"no image")
    with client(run) as one:
        assert one.get("/api/galaxies").json()["total"] == 3
        for route in ("galaxies", "image", "thumb"):
            answer = one.get(f"/api/{route}/b2")
            assert answer.status_code == 404
            assert "b2" in answer.json()["error"]
        assert one.get("/api/galaxies/a1").status_code == 200


def test_boxes_on_small_pictures_are_to_scale(ann):
    """The gallery is told how long an image is, whose thumbnail may be smaller."""
    rows = {row["id"]: row["longest_px"] for row in ann.get("/api/galaxies").json()["rows"]}
    assert rows["a1"] == pytest.approx(max(labelled.SHAPES["a1"]), rel=1e-3)


def test_pictures_are_seen_as_they_are_stored_in_the_gallery_too(run):
    """Thumbnails have the first row at the bottom; of a JPEG it is the top one."""
    images = Run(run).sample().folder / "images"
    (images / "a1.fits").unlink()
    Image.linear_gradient("L").resize((80, 48)).convert("RGB").save(images / "a1.png")
    with client(run) as one:
        rows = one.get("/api/galaxies").json()["rows"]
        assert [row["downward"] for row in rows] == [True, False, False]
        assert one.get("/api/galaxies/a1").json()["downward"]
