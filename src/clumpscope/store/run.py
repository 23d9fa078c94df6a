"""A run: a folder that fills shard by shard, and holds whole tables in the end."""

import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray
from pydantic import ValidationError

from clumpscope.config.recipe import Recipe, problems
from clumpscope.config.run import CatalogueConfig
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import WORKER
from clumpscope.core.schema import plain
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.store.atomic import PART
from clumpscope.store.columnar import read_columns
from clumpscope.store.disk import is_folder, unwritable
from clumpscope.store.failures import write_failures, write_failures_csv
from clumpscope.store.formats import WRITERS, write_formats
from clumpscope.store.manifest import RunManifest
from clumpscope.store.output import work_folder
from clumpscope.store.parts import join, read_rows
from clumpscope.store.run_tables import read_run_table
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet


@dataclass(frozen=True)
class Run:
    """A run directory. Shards lie in its `work_folder` until the run is finished."""

    folder: Path

    def shard(self, number: int) -> Path:
        """Folder of a shard; it exists only when the shard is whole."""
        return work_folder(self.folder) / f"{number:06d}"

    def has(self, number: int) -> bool:
        """Whether a shard has been computed."""
        return self.shard(number).is_dir()

    def write_shard(self, number: int, tables: Mapping[str, QTable]) -> None:
        """Write the tables of a shard, all or none.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written.
        """
        target = self.shard(number)
        try:
            temporary = Path(tempfile.mkdtemp(prefix=PART, dir=target.parent))
        except OSError as error:
            raise unwritable(target, error) from error
        try:
            for name, table in tables.items():
                write_parquet(table, temporary / f"{name}.parquet")
            temporary.replace(target)
        except OSError as error:
            if not target.is_dir():  # else another process was quicker, with the same result
                raise unwritable(target, error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def damaged(self, names: Collection[str], count: int) -> list[int]:
        """Those of ``count`` shards that lack one of the tables ``names``, or a whole one."""
        return [number for number in range(count) if not self._is_whole(number, names)]

    def _is_whole(self, number: int, names: Collection[str]) -> bool:
        try:
            for name in names:
                read_parquet(self.shard(number) / f"{name}.parquet")
        except ClumpscopeError:
            return False
        return True

    def drop_shard(self, number: int) -> None:
        """Take a shard away, to be computed again."""
        shutil.rmtree(self.shard(number), ignore_errors=True)

    def gather(self, name: str, count: int) -> QTable:
        """One table from the ``count`` shards, in their order.

        Raises
        ------
        StoreError
            If a shard is missing or damaged.
        """
        with tempfile.TemporaryDirectory(prefix=PART, dir=work_folder(self.folder)) as folder:
            whole = Path(folder) / f"{name}.parquet"
            join(self._shards(name, count), whole)
            return read_parquet(whole)

    def join(self, name: str, count: int) -> None:
        """Write a table of the run from the ``count`` shards, which are never held all at once.

        Raises
        ------
        StoreError
            If a shard is missing or damaged, or the table cannot be written.
        """
        path = self.folder / f"{name}.parquet"
        join(self._shards(name, count), path)
        if name == "failures":
            write_failures_csv(path)

    def _shards(self, name: str, count: int) -> Iterator[Path]:
        return (self.shard(number) / f"{name}.parquet" for number in range(count))

    def read(self, name: str) -> QTable:
        """A table of the finished run, such as "positions".

        Raises
        ------
        StoreError, TableError
            If the run has no such table, or not all its columns, or an id in it is not safe.
        """
        return read_run_table(self.folder, name)

    def column(self, name: str, column: str) -> NDArray[Any]:
        """A column of numbers of a table of the run, and nothing else of it.

        Raises
        ------
        StoreError, TableError
            If it cannot be read, or is not there.
        """
        path = self.folder / f"{name}.parquet"
        found = read_columns(path, [column])
        if column not in found:
            raise TableError(expected_got(path, f"a column {column}", "none"))
        return found[column]

    def read_rows(self, name: str, ids: Collection[str]) -> QTable:
        """Those rows of a table of the run that are of some galaxies.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        return read_rows(self.folder / f"{name}.parquet", ids)

    def write(self, name: str, table: QTable) -> None:
        """Write a table of the run; the failures as CSV, too."""
        path = self.folder / f"{name}.parquet"
        if name == "failures":
            write_failures(table, path)
        else:
            write_parquet(table, path)

    def clumps(self) -> QTable:
        """The run's clumps: its catalogue, or, if that is missing or outdated, the positions.

        It is outdated if the positions were made anew after it. A run that only detected has
        no clumps.
        """
        paths = {name: self.folder / f"{name}.parquet" for name in ("positions", "catalogue")}
        if not paths["positions"].exists():
            return clump_table("positions", {})
        positions = self.read("positions")
        if not paths["catalogue"].exists():
            return positions
        catalogue = self.read("catalogue")
        return catalogue if _places(catalogue) == _places(positions) else positions

    def failure(self, galaxy_id: str) -> str:
        """Stage and reason of a galaxy's failure; empty if it did not fail.

        Raises
        ------
        StoreError
            If the run has no table of failures.
        """
        for row in self.read("failures"):
            if row["galaxy_id"] == galaxy_id:
                return f"{row['stage']}: {row['error']}"
        return ""

    def deadly(self) -> set[str]:
        """Galaxies that ended the process which worked on them: they would end this one, too.

        Raises
        ------
        StoreError, TableError
            If the run's failures cannot be read.
        """
        failures = self.read("failures")
        return set(failures["galaxy_id"][np.asarray(failures["stage"]) == WORKER].tolist())

    def write_catalogue(self, table: QTable, config: CatalogueConfig) -> None:
        """Write a release table as Parquet and in the recipe's formats."""
        self.write("catalogue", table)
        write_formats(table, self.folder, "catalogue", config.formats)

    def left_out(self) -> list[str]:
        """Files of the catalogue that the recipe asks for and that are not there: too many rows."""
        names = [f"catalogue{WRITERS[name][0]}" for name in self.recipe().catalogue.formats]
        return [name for name in names if not (self.folder / name).is_file()]

    def sample(self) -> Sample:
        """The sample that the run was made from.

        Raises
        ------
        StoreError
            If the run's manifest is missing or the sample has moved.
        """
        place = RunManifest.read(self.folder).inputs.get("sample", "")
        if not (place and is_folder(Path(place))):
            raise FolderError(
                expected_got(f"run {self.folder}", "its sample where it was", place or "none")
            )
        return Sample.open(Path(place))

    def recipe(self) -> Recipe:
        """The recipe that the run was made with.

        Raises
        ------
        FolderError
            If the folder is no run, or one of another version.
        """
        try:
            return Recipe.model_validate(RunManifest.read(self.folder).recipe)
        except ValidationError as error:
            raise FolderError(
                f"run {self.folder}: its recipe is not of this version: {problems(error)}"
            ) from error

    def threshold(self) -> float:
        """The score threshold that the run applied.

        Raises
        ------
        StoreError
            If the run's manifest is missing or does not say it.
        """
        return RunManifest.read(self.folder).threshold(self.folder)

    def note(self, recipe: Recipe) -> None:
        """Keep in the manifest with which recipe a stage was done anew."""
        manifest = RunManifest.read(self.folder)
        replace(manifest, recipe=recipe.model_dump(mode="json")).write(self.folder)


def _places(clumps: QTable) -> set[tuple[object, ...]]:
    """Key and position of every clump."""
    names = ("galaxy_id", "clump_id", "clump_centre_px_x", "clump_centre_px_y")
    return set(zip(*(plain(clumps, name).tolist() for name in names), strict=True))
