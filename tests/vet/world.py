"""Made-up galaxies, and what people decide of them, all in memory."""

import threading
from datetime import UTC, datetime

import numpy as np
from PIL import Image

SHAPE = (100, 120)
EDGES = ("x1", "y1", "x2", "y2")
BANDS = ["u", "g", "r", "i"]
FLAGS = {"NEAR_STAR": "an aperture reaches into a star's mask", "BLENDED": "a near neighbour"}


class World:
    """Galaxies, and what people decided of them: shared by the servers of several people."""

    def __init__(self, galaxies=60, seed=1):
        rng = np.random.default_rng(seed)
        self.lock = threading.Lock()
        self.ids = [f"J{k:06d}" for k in range(galaxies)]
        self.counts = rng.integers(1, 6, galaxies)
        self.score = rng.uniform(0.3, 1, galaxies).round(3)
        self.redshift = rng.uniform(0.02, 0.25, galaxies).round(4)
        self.quality = rng.integers(0, 3, galaxies)
        self.events = []  # oldest first
        self.requests = {}
        self.mine = {}  # (by, galaxy, box or "") → (state, revision)
        self.drawn = {}  # galaxy → boxes that were drawn, with `by`
        self.answers = {}
        self.set = "set 1"  # of the blind mode: its places
        self.away = 0  # with what it answers all that is asked, if not 0

    def found(self, place):
        """Boxes of the model: the last of three or more lies inside the first."""
        rng = np.random.default_rng(place)
        ny, nx = SHAPE
        boxes = []
        for k in range(self.counts[place]):
            side = rng.uniform(9, 16)
            x, y = rng.uniform(20, nx - 20), rng.uniform(20, ny - 20)
            if k == 2:
                x, y = (boxes[0]["x1"] + boxes[0]["x2"]) / 2, (boxes[0]["y1"] + boxes[0]["y2"]) / 2
                side = 5.0
            score = float(round(self.score[place] * (1 - 0.1 * k), 3))
            flux = {band: [round(3.2 * 1.4**n, 3), 0.21] for n, band in enumerate(BANDS)}
            boxes.append(
                {
                    "key": f"m{k + 1}",
                    "source": "model",
                    "run": "demo",
                    "x1": x - side / 2,
                    "y1": y - side / 2,
                    "x2": x + side / 2,
                    "y2": y + side / 2,
                    "label": 2 if k == 1 else 1,
                    "score": score,
                    "p_real": round(score**2, 3),
                    "quality": int(self.quality[place]),
                    "ratio": 0.041 + 0.01 * k,
                    "flags": list(FLAGS)[: k % 3],
                    "fluxes": flux,
                    "colours": {"u_g": 0.71, "g_r": -0.12, "r_i": 0.05},
                }
            )
        return boxes

    def boxes(self, place, by):
        """All boxes of a galaxy as a person has them."""
        galaxy, boxes = self.ids[place], self.found(place)
        boxes += [dict(box) for box in self.drawn.get(galaxy, [])]
        found = []
        for box in boxes:
            state, version = self.mine.get((by, galaxy, box["key"]), ({}, 0))
            others = [
                {"by": who, "state": one["state"], "label": one.get("decided_label")}
                for (who, where, key), (one, _) in self.mine.items()
                if who != by and where == galaxy and key == box["key"] and one.get("state")
            ]
            told = {"state": "undecided", "decided_label": 0, "comment": "", "by": None, "at": None}
            told |= {**state, "by": by} if state else {}
            if not told.get("deleted"):
                found.append({**box, **told, "version": version, "others": others})
        for label in self.found(place)[:1]:
            label |= {"key": "l1", "source": "label", "state": "undecided", "x1": label["x1"] - 2}
            found.append({**label, "score": None, "p_real": None, "others": [], "version": 0})
        return found

    def whole(self, place, by):
        """What a person says of a galaxy, and how many boxes are undecided."""
        state, version = self.mine.get((by, self.ids[place], ""), ({}, 0))
        plain = {"nothing_missed": False, "skipped": False, "comment": "", **state}
        return {"id": self.ids[place], "version": version, **plain}

    def row(self, place, by):
        boxes = [b for b in self.boxes(place, by) if b["source"] == "model"]
        undecided = sum(box["state"] == "undecided" for box in boxes)
        said = self.whole(place, by)
        whole = not undecided and (boxes or said["nothing_missed"])
        return {
            "id": self.ids[place],
            "clumps": len(boxes),
            "undecided": undecided,
            "decided": len(boxes) - undecided,
            "score": float(self.score[place]),
            "p_real": float(self.score[place] ** 2),
            "quality": int(self.quality[place]),
            "flags": [],
            "redshift": float(self.redshift[place]),
            "uncertainty": 0.1,
            "disagreement": 0,
            "status": "skipped" if said["skipped"] else "decided" if whole else "undecided",
            "shape": SHAPE,
            "boxes": [
                [*(b[name] for name in EDGES), b["decided_label"] or b["label"], b["score"] or 1]
                for b in boxes
            ],
        }

    def decide(self, by, given):
        """Keep a decision; the answer, or a status and an error."""
        known = self.requests.get(given["request"])
        if known:
            return known
        action, galaxy, key = given["action"], given["galaxy"], given["box"]
        if action in ("undo", "redo"):
            return self.turn(by, given)
        place = self.ids.index(galaxy)
        if action == "draw":
            key = f"d{len(self.events) + 1}"
            box = {**self.found(place)[0], "key": key, "source": "drawn", "run": "", "fluxes": {}}
            box |= {"flags": [], "score": None, "p_real": None, "colours": {}, "ratio": None}
            self.drawn.setdefault(galaxy, []).append(box | given["value"])
        before, version = self.mine.get((by, galaxy, key or ""), ({}, 0))
        if key and action != "draw" and given["version"] != version:
            box = self.box(by, place, key)
            return {"error": "version is not that of the last decision", "box": box, "status": 409}
        after = self.changed(before, action, given["value"], place, key)
        return self.keep(by, galaxy, key, action, before, after, given["request"])

    def changed(self, before, action, value, place, key):
        after = {**before, "at": datetime.now(UTC).isoformat()}
        every = [*self.found(place), *self.drawn.get(self.ids[place], [])]
        label = next((box["label"] for box in every if box["key"] == key), 1)
        if action in ("accept", "label"):
            return after | {"state": "accepted", "decided_label": value or label}
        if action == "reject":
            return after | {"state": "rejected"}
        if action in ("move", "draw"):
            decided = before.get("decided_label") or label
            edges = {name: value[name] for name in EDGES}
            return after | edges | {"state": "accepted", "decided_label": decided}
        names = {"nothing_missed": "nothing_missed", "skip": "skipped", "comment": "comment"}
        return after | ({"deleted": True} if action == "delete" else {names[action]: value})

    def keep(self, by, galaxy, key, action, before, after, request, target=None):
        event = {"revision": len(self.events) + 1, "by": by, "galaxy": galaxy, "box": key}
        event |= {"action": action, "before": before, "after": after, "target": target}
        self.events.append(event)
        self.mine[by, galaxy, key or ""] = (after, event["revision"])
        answer = {"revision": event["revision"], "done": True, **self.told(event, by)}
        self.requests[request] = answer
        return answer

    def turn(self, by, given):
        undone = [e["target"] for e in self.events if e["by"] == by and e["action"] == "undo"]
        redone = [e["target"] for e in self.events if e["by"] == by and e["action"] == "redo"]
        out = [target for target in undone if undone.count(target) > redone.count(target)]
        own = [e for e in self.events if e["by"] == by and e["action"] not in ("undo", "redo")]
        if given["action"] == "undo":
            stands = [e for e in own if e["revision"] not in out]
            event = stands[-1] if stands else None
        else:
            event = next((e for e in own if e["revision"] in out), None)
        if event is None:
            return {"revision": len(self.events), "done": False, "box": None, "galaxy": None}
        states = event["after"], event["before"]
        before, after = states if given["action"] == "undo" else states[::-1]
        if event["action"] == "draw" and given["action"] == "undo":
            after = {"deleted": True}
        what = (by, event["galaxy"], event["box"], given["action"], before, after)
        return self.keep(*what, given["request"], event["revision"])

    def told(self, event, by):
        """What an event changed, as a person has it now."""
        place, key = self.ids.index(event["galaxy"]), event["box"]
        return {
            "action": event["action"],
            "by": event["by"],
            "galaxy": self.whole(place, by),
            "key": key,
            "box": self.box(by, place, key) if key else None,
        }

    def box(self, by, place, key):
        return next((b for b in self.boxes(place, by) if b["key"] == key), None)

    def session(self):
        return {
            "run": "demo",
            "sample": "sample",
            "galaxies": len(self.ids),
            "clumps": int(self.counts.sum()),
            "models": ["popp2024"],
            "bands": BANDS,
            "filters": {
                "id": {"kind": "text"},
                "status": {"kind": "set", "values": ["undecided", "decided", "skipped"]},
                "score": {"kind": "range", "min": 0.3, "max": 1.0},
                "redshift": {"kind": "range", "min": 0.02, "max": 0.25},
                "quality": {"kind": "set", "values": [0, 1, 2]},
            },
            "sorts": ["id", "score", "redshift", "uncertainty"],
            "revision": len(self.events),
            "flags": FLAGS,
        }

    def ordered(self, query, by):
        """Places of the galaxies that a query asks for, in its order."""
        keep = np.ones(len(self.ids), dtype=bool)
        for name in ("score", "redshift"):
            if query.get(name):
                lo, hi = query[name].split(",")
                column = getattr(self, name)
                keep &= (column >= float(lo or -np.inf)) & (column <= float(hi or np.inf))
        if query.get("quality"):
            keep &= np.isin(self.quality, [int(one) for one in query["quality"].split(",")])
        if query.get("id"):
            keep &= np.array([query["id"].lower() in one.lower() for one in self.ids])
        if query.get("status"):
            wanted = query["status"].split(",")
            status = np.array(["undecided"] * len(self.ids))
            for galaxy in {galaxy for who, galaxy, _ in self.mine if who == by}:
                place = self.ids.index(galaxy)
                status[place] = self.row(place, by)["status"]
            keep &= np.isin(status, wanted)
        places = np.flatnonzero(keep)
        column = {"redshift": self.redshift, "id": np.arange(len(self.ids))}
        order = np.argsort(column.get(query.get("sort"), self.score)[places], kind="stable")
        return places[order if query.get("order") == "asc" else order[::-1]]

    def galaxy(self, galaxy, query, by):
        place = self.ids.index(galaxy)
        rows = [self.ids[k] for k in self.ordered(query, by)]
        at = rows.index(galaxy) if galaxy in rows else -1
        t = np.linspace(0, 2 * np.pi, 40)
        outline = np.column_stack([60 + 45 * np.cos(t), 50 + 35 * np.sin(t)]).round(2)
        return {
            "ra": 150.1 + place * 0.01,
            "dec": 2.2,
            "redshift": float(self.redshift[place]),
            "shape": SHAPE,
            "pixscale_arcsec": 0.396,
            "kpc_per_arcsec": 1.83,
            "north_deg": 25.0,
            "flipped": False,
            "bands": BANDS,
            "psf_fwhm_arcsec": 1.32,
            "links": [{"name": "SDSS", "url": "https://skyserver.sdss.org/dr18/"}],
            "previous": rows[at - 1] if at > 0 else None,
            "next": rows[at + 1] if 0 <= at < len(rows) - 1 else None,
            "place": at if at >= 0 else None,
            "total": len(rows),
            "outline": [outline.tolist()],
            "boxes": self.boxes(place, by),
            "masked": [[[8, 8], [22, 8], [24, 18], [10, 20]]],
            "stars": [[104.0, 86.0, 6.0]],
            "aperture_px": 4.2,
            "revision": len(self.events),
            **self.whole(place, by),
        }

    def picture(self, place, bands=""):
        ny, nx = SHAPE
        y, x = np.mgrid[:ny, :nx]
        disk = np.exp(-np.hypot((x - nx / 2) / 22, (y - ny / 2) / 14))
        rgb = np.stack([disk * 0.75, disk * 0.7, disk * 0.55], axis=-1)
        for box in self.found(place):
            cx, cy = (box["x1"] + box["x2"]) / 2, (box["y1"] + box["y2"]) / 2
            knot = np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / 2.0**2)
            colour = (0.9, 0.5, 0.2) if box["label"] == 2 else (0.25, 0.45, 0.9)
            rgb += 0.6 * knot[..., None] * np.array(colour)
        rgb += np.random.default_rng(place).normal(0, 0.02, rgb.shape)
        if bands:
            rgb = np.repeat(rgb.mean(axis=-1, keepdims=True), 3, axis=-1)
        return Image.fromarray((255 * rgb[::-1].clip(0, 1)).astype(np.uint8))
