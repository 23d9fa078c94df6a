"""The routes: each asks the desk, and says what it says."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.responses import FileResponse, JSONResponse, Response

from clumpscope.errors import (
    ClumpscopeError,
    ImageError,
    TableError,
    reason,
)
from clumpscope.ops.csv_cells import write_csv
from clumpscope.stages.vet.state import ACTIONS
from clumpscope.store.decisions import ConflictError
from clumpscope.store.json_text import json_line
from clumpscope.vet.blind import Blind
from clumpscope.vet.deciding import Asked
from clumpscope.vet.desk import Desk
from clumpscope.vet.guard import Gate, Guard, Rate
from clumpscope.vet.index import NoSuchError
from clumpscope.vet.pictures import Look
from clumpscope.vet.query import Query as Gallery

STATIC = Path(__file__).parent / "static"
_PER_SECOND, _AT_ONCE = 100.0, 600.0  # pictures
_MOST_CHANGES = 500
_KEPT = "private, max-age=86400"

Short = Annotated[str, Query(max_length=200)]
Action = Literal[ACTIONS]  # type: ignore[valid-type]


def _gallery(  # noqa: PLR0913, PLR0917  (named here to be described; read by `Gallery.of`)
    request: Request,
    sort: Short = "",  # noqa: ARG001
    order: Short = "",  # noqa: ARG001
    offset: Short = "",  # noqa: ARG001
    limit: Short = "",  # noqa: ARG001
    score: Short = "",  # noqa: ARG001
    p_real: Short = "",  # noqa: ARG001
    ratio: Short = "",  # noqa: ARG001
    colour: Short = "",  # noqa: ARG001
    redshift: Short = "",  # noqa: ARG001
    quality: Short = "",  # noqa: ARG001
    label: Short = "",  # noqa: ARG001
    flag: Short = "",  # noqa: ARG001
    status: Short = "",  # noqa: ARG001
    id: Short = "",  # noqa: A002, ARG001
) -> Gallery:
    return Gallery.of(request.query_params.multi_items())


Asking = Annotated[Gallery, Depends(_gallery)]


class Json(JSONResponse):
    """JSON in which what is no number is null."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401  (as starlette has it)
        """The bytes of a body."""
        return json_line(content).encode()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Corners(_Strict):
    """A box in native pixels, as "move" and "draw" take it."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: int | None = None


class Decision(_Strict):
    """A decision; see `clumpscope.stages.vet.state`."""

    galaxy: Annotated[str, Field(min_length=1, max_length=64)]
    box: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    action: Action
    value: bool | int | str | Corners | None = None
    version: Annotated[int, Field(ge=0, lt=2**62)] | None = None
    request: Annotated[UUID, Field(strict=False)]

    def asked(self) -> Asked:
        """The same for the desk."""
        value: object = self.value
        if isinstance(self.value, Corners):
            value = self.value.model_dump(exclude_none=True)
        return Asked(self.galaxy, self.action, str(self.request), self.box, value, self.version)


class Answer(_Strict):
    """An answer in the blind mode."""

    number: Annotated[int, Field(ge=1, lt=10**7)]
    answer: Annotated[str, Field(max_length=20)]
    request: Annotated[UUID, Field(strict=False)]


def create_app(desk: Desk | Blind, guard: Guard) -> FastAPI:
    """The application over an opened run, or over places for blind readers."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(
        title="clumpscope vet",
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
        lifespan=life,
    )
    app.add_middleware(Gate, guard=guard)
    _add_errors(app)
    if isinstance(desk, Blind):
        _add_blind(app, desk, guard)
    else:
        _add_gallery(app, desk, guard)
        _add_decisions(app, desk, guard)
    app.add_api_route("/", _page, include_in_schema=False)
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC))
    return app


def _page() -> Response:
    page = STATIC / "index.html"
    if not page.is_file():
        raise HTTPException(404, "the page is not installed")
    return FileResponse(page, headers={"Cache-Control": "no-cache"})


def _by(request: Request, guard: Guard) -> str:
    return guard.person(request.cookies)


def _add_gallery(app: FastAPI, desk: Desk, guard: Guard) -> None:
    rate = Rate(_PER_SECOND, _AT_ONCE)

    @app.get("/api/session")
    def session(request: Request) -> Json:
        return Json(desk.session(_by(request, guard)))

    @app.get("/api/galaxies")
    def galaxies(request: Request, query: Asking) -> Json:
        return Json(desk.galaxies(query, _by(request, guard)))

    @app.get("/api/galaxies/{galaxy_id}")
    def galaxy(request: Request, galaxy_id: str, query: Asking) -> Json:
        return Json(desk.galaxy(galaxy_id, _by(request, guard), query))

    @app.get("/api/image/{galaxy_id}", response_class=Response)
    def image(
        request: Request,
        galaxy_id: str,
        bands: Short = "",
        stretch: Short = "",
        contrast: Short = "",
        balance: Short = "",
        v: Short = "",  # noqa: ARG001  (makes the address another one for another run)
    ) -> Response:
        look = Look.of(bands, stretch, contrast, balance)
        tag = f'"{desk.tag}-{hash((galaxy_id, look)) & (2**64 - 1):x}"'
        return _picture(request, rate, tag, "image/png", lambda: desk.picture(galaxy_id, look))

    @app.get("/api/thumb/{galaxy_id}", response_class=Response)
    def thumb(request: Request, galaxy_id: str, v: Short = "") -> Response:  # noqa: ARG001
        tag = f'"{desk.tag}-{hash(galaxy_id) & (2**64 - 1):x}"'
        return _picture(request, rate, tag, "image/jpeg", lambda: desk.thumb(galaxy_id))


def _picture(
    request: Request, rate: Rate, tag: str, kind: str, make: Callable[[], bytes]
) -> Response:
    if not rate.allows():
        raise HTTPException(429, "too many pictures at once", {"Retry-After": "1"})
    content = make()  # a galaxy that there is not is not unchanged, either
    headers = {"ETag": tag, "Cache-Control": _KEPT}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _add_decisions(app: FastAPI, desk: Desk, guard: Guard) -> None:
    @app.post("/api/decisions")
    def decide(request: Request, decision: Decision) -> Json:
        if desk.read_only:
            raise HTTPException(405, "this page is for looking only", {"Allow": "GET"})
        by, asked = _by(request, guard), decision.asked()
        try:
            return Json(desk.deciding.decide(by, asked))
        except ConflictError as error:
            present = desk.deciding.told(error.present, by) if error.present else {}
            return Json({"error": str(error), **present}, 409)

    @app.get("/api/decisions")
    def changes(request: Request, since: Annotated[int, Query(ge=0, lt=2**62)] = 0) -> Json:
        return Json(desk.deciding.changes(since, _by(request, guard), _MOST_CHANGES))

    @app.get("/api/export", response_class=Response)
    def export(
        form: Annotated[Literal["csv", "json"], Query(alias="format")] = "json",
        how: Literal["latest", "majority"] = "latest",
    ) -> Response:
        return _download(desk.rows, lambda: desk.document(how), form, "vetted")

    @app.get("/api/agreement")
    def agreement() -> Json:
        found = desk.agreement()
        pairs = [vars(pair) for pair in found.pairs]
        return Json({"pairs": pairs, "boxes": found.boxes, "fleiss": found.fleiss})


def _download(
    rows: Callable[[], list[list[object]]], document: Callable[[], object], form: str, name: str
) -> Response:
    if form == "json":
        content, kind = json_line(document()), "application/json"
    else:
        stream = io.StringIO()
        write_csv(stream, rows())
        content, kind = stream.getvalue(), "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=kind, headers=headers)


def _add_blind(app: FastAPI, blind: Blind, guard: Guard) -> None:
    rate = Rate(_PER_SECOND, _AT_ONCE)

    @app.get("/api/session")
    def session(request: Request) -> Json:
        return Json(blind.session(_by(request, guard)))

    @app.get("/api/blind")
    def questions(request: Request) -> Json:
        return Json(blind.told(_by(request, guard)))

    @app.get("/api/blind/{number}", response_class=Response)
    def picture(request: Request, number: int) -> Response:
        tag = f'"{blind.mark}-{number}"'
        return _picture(request, rate, tag, "image/jpeg", lambda: _numbered(blind, number))

    @app.post("/api/blind")
    def answer(request: Request, given: Answer) -> Json:
        if blind.read_only:
            raise HTTPException(405, "this page is for looking only", {"Allow": "GET"})
        by = _by(request, guard)
        return Json(blind.answer(by, given.number, given.answer, str(given.request)))

    @app.get("/api/export", response_class=Response)
    def export(
        request: Request, form: Annotated[Literal["csv", "json"], Query(alias="format")] = "csv"
    ) -> Response:
        mine = blind.answers().get(_by(request, guard), {})
        return _download(lambda: blind.rows(mine), lambda: mine, form, "answers")


def _numbered(blind: Blind, number: int) -> bytes:
    try:
        return blind.picture(number)
    except TableError as error:
        raise NoSuchError(str(error)) from None


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ClumpscopeError)
    def ours(_: Request, error: ClumpscopeError) -> Json:
        status = 422 if isinstance(error, TableError) else 500
        if isinstance(error, NoSuchError | ImageError):
            status = 404
        return Json({"error": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Json:
        first = error.errors()[0]
        bad_json = first.get("type") == "json_invalid"
        place = ".".join(str(part) for part in first.get("loc", ()))[:100]
        return Json({"error": f"{place}: {first.get('msg', '')}"}, 400 if bad_json else 422)

    @app.exception_handler(AnyHTTPException)
    def http(_: Request, error: AnyHTTPException) -> Json:
        return Json({"error": str(error.detail)}, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    def unforeseen(_: Request, error: Exception) -> Json:
        return Json({"error": reason(error)[:500]}, 500)
