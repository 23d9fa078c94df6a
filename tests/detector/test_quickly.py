"""What is loaded to detect, in processes of its own."""

import subprocess
import sys


def python(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOAD = "import sys; from clumpscope.detector.quickly import load; load();"
THERE = "print('torch._dynamo' in sys.modules);"


def test_a_detector_is_loaded_without_the_compiler():
    first = (
        "from clumpscope.detector.predict import Detector;"
        "from clumpscope.models.registry import find_model;"
        "Detector.load(find_model(None), 0.05);"
    )
    assert python(f"{LOAD} {first} {THERE}") == ["False"]


def test_everything_is_as_it_would_be_afterwards():
    """The compiler is the real one, and a function that was kept from it can still be called."""
    told = python(
        f"{LOAD} import torch, torchvision, timm, torch._dynamo, torch._dynamo.utils;"
        "print(torch._dynamo.config.suppress_errors, callable(torch._dynamo.disable));"
        "boxes = [torch.tensor([[0.0, 0.0, 4.0, 4.0]])];"
        "torch.use_deterministic_algorithms(True, warn_only=True);"
        "print(torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), boxes, 2).sum().item());"
        "print(torch.compiler.disable(len)([1, 2]), timm.is_model('resnet18'))"
    )
    assert told == ["False", "True", "4.0", "2", "True"]


def test_what_is_loaded_already_is_left_alone():
    told = python(
        f"import torch._dynamo as first; {LOAD} print(sys.modules[first.__name__] is first)"
    )
    assert told == ["True"]


def test_names_that_nobody_expected_bring_the_compiler():
    text = (
        "from clumpscope.detector import quickly; import torch, sys;"
        "sys.modules.update(quickly._stand_ins());"
        "from torch._dynamo.utils import counters;"
        "print(type(counters).__name__, sys.modules['torch._dynamo'].__file__ is not None)"
    )
    assert python(text) == ["defaultdict", "True"]
