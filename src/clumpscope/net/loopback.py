"""Names of this machine."""

import ipaddress


def is_loopback(name: str) -> bool:
    """Whether a host is this machine, as seen from itself."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
