"""No file can run code: what is read never becomes an object of its own choice."""

import ast

import pytest

from places import ROOT

# A call, and the argument that must be the constant.
LOADS = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
NEVER = {"pickle.load", "pickle.loads", "pickle.Unpickler", "eval", "exec"}


def loads(source: str) -> list[tuple[str, bool]]:
    """Calls that may unpickle, in the order of the tree, and whether each is a safe one."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        if name in NEVER:
            found.append((name, False))
        elif name in LOADS:
            argument, value = LOADS[name]
            given = [word.value for word in call.keywords if word.arg == argument]
            safe = [isinstance(one, ast.Constant) and one.value is value for one in given]
            found.append((name, safe == [True]))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("torch.load(path, weights_only=True)", [("torch.load", True)]),
        ("torch.load(path)", [("torch.load", False)]),
        ("torch.load(path, weights_only=trusted)", [("torch.load", False)]),
        ("np.load(path, allow_pickle=True)", [("np.load", False)]),
        ("pickle.load(file)", [("pickle.load", False)]),
        ("eval(text)", [("eval", False)]),
        ("network.eval()", []),
    ],
)
def test_what_counts(source, expected):
    assert loads(source) == expected


def test_nothing_is_unpickled():
    found = {
        path.relative_to(ROOT).as_posix(): calls
        for path in sorted((ROOT / "src").rglob("*.py"))
        if (calls := loads(path.read_text(encoding="utf-8")))
    }
    assert all(safe for calls in found.values() for _, safe in calls), found
    assert {path for path, calls in found.items() if "torch.load" in dict(calls)} == {
        "src/clumpscope/detector/checkpoints.py",
        "src/clumpscope/detector/training/checkpoints.py",
    }
