"""A server with the web page's JSON contract, on made-up galaxies."""

import io
import threading
import time
import uuid
from contextlib import contextmanager
from importlib.resources import files

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

STATIC = files("clumpscope.vet") / "static"
KINDS = ["clump", "star", "arm", "nothing"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(world, vetter="Ada", *, blind=False, read_only=False):
    """The app of one person."""
    app = FastAPI()

    @app.middleware("http")
    async def guarded(request: Request, call_next):
        if world.away and request.url.path.startswith("/api"):
            return JSONResponse({"error": "away"}, world.away)
        answer = await call_next(request)
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    @app.get("/")
    def index():
        return FileResponse(STATIC / "index.html")

    @app.get("/api/session")
    def session():
        told = {"blind": blind, "vetter": vetter, "read_only": read_only}
        return told | ({"tag": world.set} if blind else world.session())

    app.mount("/static", StaticFiles(directory=str(STATIC)))
    if blind:
        _blind(app, world)
    else:
        _galaxies(app, world, vetter)
        _decisions(app, world, vetter, read_only)
    return app


def _galaxies(app, world, vetter):
    @app.get("/api/galaxies")
    def galaxies(request: Request, offset: int = 0, limit: int = 200):
        with world.lock:
            places = world.ordered(request.query_params, vetter)
            rows = [world.row(k, vetter) for k in places[offset : offset + limit]]
        return {"total": len(places), "offset": offset, "rows": rows}

    @app.get("/api/galaxies/{galaxy}")
    def one(galaxy: str, request: Request):
        if galaxy not in world.ids:
            return JSONResponse({"error": f"no galaxy {galaxy}"}, 404)
        with world.lock:
            return world.galaxy(galaxy, request.query_params, vetter)

    @app.get("/api/image/{galaxy}")
    def image(galaxy: str, bands: str = ""):
        return _picture(world.picture(world.ids.index(galaxy), bands), "png")

    @app.get("/api/thumb/{galaxy}")
    def thumb(galaxy: str):
        return _picture(world.picture(world.ids.index(galaxy)), "jpeg")


def _decisions(app, world, vetter, read_only):
    @app.post("/api/decisions")
    async def decide(request: Request):
        given = await request.json()
        uuid.UUID(given["request"])
        if read_only:
            return JSONResponse({"error": "read only"}, 405)
        with world.lock:
            answer = world.decide(vetter, given)
        return JSONResponse(answer, answer.get("status", 200))

    @app.get("/api/decisions")
    def changes(since: int):
        with world.lock:
            events = world.events[since:]
            told = [{"revision": e["revision"], **world.told(e, vetter)} for e in events]
            return {"revision": len(world.events), "changes": told}


def _blind(app, world):
    @app.get("/api/blind")
    def questions():
        asked = [{"number": k + 1, "picture": f"/api/blind/{k + 1}"} for k in range(6)]
        done = {str(number): answer for number, answer in world.answers.items()}
        return {"questions": asked, "answered": done, "answers": KINDS, "agreement": []}

    @app.get("/api/blind/{number}")
    def candidate(number: int):
        return _picture(world.picture(number).crop((30, 20, 90, 80)), "png")

    @app.post("/api/blind")
    async def answer(request: Request):
        given = await request.json()
        uuid.UUID(given["request"])
        world.answers[given["number"]] = given["answer"]
        return {"answered": len(world.answers)}


def _picture(image, kind):
    out = io.BytesIO()
    image.save(out, kind)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(out.getvalue(), media_type=f"image/{kind}", headers=headers)


@contextmanager
def serving(app):
    """Serve an app from a thread; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(500):
        if server.started:
            break
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
