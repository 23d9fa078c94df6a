"""Archives of the sky on this machine: real answers, with faults on demand.

It plays SDSS's archive and catalogue, HSC's and the Legacy Surveys' cutouts, and Sesame. What it
answers is made from files and tables that a test gives it, and it counts what it is asked.
"""

import csv
import io
import random
import re
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import cos, hypot, radians
from urllib.parse import parse_qsl, unquote, urlsplit

from astropy.io import fits

from clumpscope.config.recipe import Recipe
from clumpscope.config.services import MannersConfig, ServicesConfig
from clumpscope.stages.fetch.sdss.query import COLUMNS

PAGE = b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head></html>"
FAULTS = (
    *("slow", "cut", "cut short", "busy", "error", "long", "page", "wrong"),
    *("circle", "file", "hung up"),
)


class SkyServer:
    """Serves at ``url``.

    Attributes
    ----------
    files
        Content by path.
    rows
        Rows of SDSS's catalogue: dictionaries with ``ra`` and ``dec``.
    names
        Positions by name, of Sesame.
    cutouts
        Called with a path and its question for what is in neither; ``None`` is 404.
    faults
        Faults by path, each done once, in order; `FAULTS`.
    share, seed
        Of all requests, the share that gets a fault drawn at random.
    asked, given
        How often each path (with its question) was asked, and given whole.
    headers
        Of all requests.
    on_request
        Called with the number of each request.
    """

    def __init__(self):
        self.files, self.rows, self.names = {}, [], {}
        self.cutouts = lambda _path, _query: None
        self.faults, self.share, self.kinds = {}, 0.0, FAULTS
        self.asked, self.given, self.headers = Counter(), Counter(), []
        self.on_request = lambda _number: None
        self.retry_after = "0"
        self.random = random.Random(1)  # noqa: S311  (not for secrets)
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with suppress(BrokenPipeError, ConnectionResetError):
                    server.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def services(self, **more):
        """Settings that ask this server, and do not wait long."""
        manners = MannersConfig(pause_s=0.01, timeout_s=2.0, attempts=8)
        return ServicesConfig(
            **{
                "manners": manners,
                "sdss_archive": f"{self.url}/sas",
                "sdss_catalogue": f"{self.url}/sql",
                "hsc": f"{self.url}/hsc",
                "legacy": f"{self.url}/viewer",
                "sesame": f"{self.url}/sesame",
                **more,
            }
        )

    def recipe(self, **more):
        return Recipe(services=self.services(**more))

    def add_frames(self, folder):
        """Serve a folder's frames, psFields and photoFields as SDSS's archive does."""
        for path in sorted(folder.rglob("*")):
            if found := re.fullmatch(r"frame-.-(\d{6})-(\d)-\d{4}\.fits\.bz2", path.name):
                place = f"eboss/photoObj/frames/301/{int(found[1])}/{found[2]}"
            elif found := re.fullmatch(r"psField-(\d{6})-(\d)-\d{4}\.fits?", path.name):
                place = f"eboss/photo/redux/301/{int(found[1])}/objcs/{found[2]}"
            elif found := re.fullmatch(r"photoField-(\d{6})-\d\.fits", path.name):
                place = f"eboss/photoObj/301/{int(found[1])}"
            else:
                continue
            name = path.name.replace(".fits", ".fit") if "psField" in path.name else path.name
            self.files[f"/sas/{place}/{name}"] = path.read_bytes()

    def answer(self, request):
        split = urlsplit(request.path)
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.asked[request.path] += 1
            self.headers.append(dict(request.headers))
            number = self.asked.total()
            planned = self.faults.get(split.path) or []
            fault = planned.pop(0) if planned else None
            if fault is None and self.random.random() < self.share:
                fault = self.random.choice(self.kinds)
        self.on_request(number)
        if fault == "slow":
            time.sleep(0.2)
            fault = None
        body = self.content(split.path, split.query)
        with self.lock:
            self.at_once -= 1  # before the client can know that it has all
        if body is None:
            request.send_error(404)
        elif fault is not None:
            self.go_wrong(request, fault, body)
        else:
            given = self.give(request, body)
            with self.lock:
                self.given[request.path] += given

    def content(self, path, query):
        if path in self.files:
            return self.files[path]
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if path == "/sql":
            return answer_sql(asked["cmd"], self.rows)
        if path.startswith("/sesame/"):
            return self.sesame(unquote(query))
        return self.cutouts(path, asked)

    def sesame(self, name):
        lines = [f"# {name}\t#Q1"]
        if name in self.names:
            ra, dec = self.names[name]
            lines += ["#=S=Simbad (CDS, via url):    1     3ms", f"%J {ra:.8f} {dec:+.8f} = x"]
        else:
            lines += ["#!S=Simbad: Nothing found"]
        return "\n".join([*lines, "#====Done====\n"]).encode()

    def give(self, request, body):
        start = 0
        asked = request.headers["Range"]
        if asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(body)}")
                request.send_header("Content-Length", "0")
                request.end_headers()
                return False
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        request.wfile.write(body[start:])
        return True

    def go_wrong(self, request, fault, body):
        """Do a fault."""
        if fault == "busy":
            request.send_response(429)
            request.send_header("Retry-After", self.retry_after)
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif fault == "error":
            request.send_error(500)
        elif fault == "hung up":
            request.close_connection = True
        elif fault in ("circle", "file"):
            request.send_response(302)
            target = request.path if fault == "circle" else "file:///etc/hostname"
            request.send_header("Location", target)
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            lengths = {"cut": len(body), "long": len(body) + 7, "cut short": len(body) // 2}
            sent = {"cut": body[: len(body) // 3], "cut short": body[: len(body) // 2]}
            wrong = bytes(body[:-20]) + bytes(byte ^ 0x55 for byte in body[-20:])
            content = {"page": PAGE, "wrong": wrong, "long": body}.get(fault, sent.get(fault))
            request.send_response(200)
            request.send_header("Content-Length", str(lengths.get(fault, len(content))))
            if fault == "page":
                request.send_header("Content-Type", "text/html")
            request.end_headers()
            request.wfile.write(content)
            request.close_connection = True


def image_bytes(data, *more, checksum=True):
    """A FITS file of one image, and more HDUs; with checksums, damage is found anywhere."""
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(data), *more]).writeto(out, checksum=checksum)
    return out.getvalue()


def answer_sql(sql, rows):
    """CSV as SkyServer answers a question of `positions_sql`."""
    positions = re.findall(r"\((\d+),(-?[\d.]+),(-?[\d.]+)\)", sql)
    out = io.StringIO()
    out.write("#Table1\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for number, ra, dec in positions:
        near = [
            (row.get("type", 3) != 3, separation(float(ra), float(dec), row), index)
            for index, row in enumerate(rows)
        ]
        near = sorted(one for one in near if one[1] < 0.5)
        cells = {"target": number, "again": number}
        if near:
            cells |= {**rows[near[0][2]], "apart_arcmin": near[0][1]}
        table.writerow([cells.get(name, "null") for name in COLUMNS])
    return out.getvalue().encode()


def separation(ra, dec, row):
    """Arc minutes, on a flat sky."""
    return 60 * hypot((ra - row["ra"]) * cos(radians(dec)), dec - row["dec"])
