"""The devices that torch finds here."""

import torch


def devices() -> list[str]:
    """Return a line for each device, the processor first."""
    found = [f"cpu, {torch.get_num_threads()} threads"]
    for index in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(index).total_memory / 2**30
        found.append(f"cuda:{index}, {torch.cuda.get_device_name(index)}, {memory:.0f} GiB")
    if torch.backends.mps.is_available():
        found.append("mps")
    return found
