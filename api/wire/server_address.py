"""The address of a server, as people write it: scheme, host, port, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = ("http://", "https://")


def parse_server_address(text: str) -> str:
    """Without a slash at its end. Raises ValueError."""
    address = text.removesuffix("/")
    parts = urlsplit(address)
    # Reading an invalid port raises ValueError.
    port, host = parts.port, parts.hostname
    if not address.startswith(SCHEMES) or not host or port == 0:
        raise ValueError(f"no address of a server: {text}")
    # No path, user or query; a host of labels as the name system has them, or an IPv6 address, which urlsplit has
    # checked.
    written = f"[{host}]" if ":" in host else host
    if address.partition("://")[2].lower() != (written if port is None else f"{written}:{port}"):
        raise ValueError(f"more than an address of a server: {text}")
    if ":" not in host:
        labels = host.encode("idna").decode("ascii").removesuffix(".").split(".")
        if not all(label.replace("-", "").replace("_", "").isalnum() for label in labels):
            raise ValueError(f"no name of a server: {text}")
    return address
