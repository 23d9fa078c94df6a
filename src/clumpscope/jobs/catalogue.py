"""`catalogue`: a run's photometry anew to the released table."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.jobs.carried import carried
from clumpscope.jobs.release import calibrations_of, made_with, release, selection_for
from clumpscope.store.hats import check_hats, write_hats
from clumpscope.store.lock import locked
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run


def catalogue(run: Path, recipe: Recipe, hats: Path | None = None) -> int:
    """Make a run's catalogue anew from its photometry; returns the number of clumps.

    A galaxy with which it cannot be made becomes a failure of the run.

    Parameters
    ----------
    hats
        A new folder for the catalogue divided by HEALPix, without clumps that have no position.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read, or the recipe's selection function is not of it;
        if the new folder is there or cannot be written, or no clump has a position.
    """
    store = Run(run)
    if hats is not None:
        check_hats(hats)
    with locked(run):
        model = str(RunManifest.read(run).model.get("sha256"))
        # As the run was made: another recipe changes the catalogue only.
        made = made_with(model, store.threshold(), store.recipe())
        selection = selection_for(recipe.catalogue, made)
        sample, calibrations = store.sample(), calibrations_of(run)
        carried(run, sample, store.recipe())
        clumps = release(store, sample.hosts, recipe.catalogue, calibrations, selection)
        store.note(store.recipe().model_copy(update={"catalogue": recipe.catalogue}))
        if hats is not None:
            write_hats(run / "catalogue.parquet", hats)
    return clumps
