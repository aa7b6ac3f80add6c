"""The lines of many processes on one terminal: whole, named, coloured and harmless."""

import re
from collections.abc import Mapping
from typing import TextIO

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Everything that could move a terminal's cursor or speak to it, but colours and tabs.
_CONTROL = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f\x80-\x9f]")
_LONGEST_LINE = 65_536


class LineAssembler:
    """Makes whole lines of bytes that arrive in any pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[str]:
        """The lines that `piece` completes. A line without an end is cut at 64 KiB."""
        *whole, rest = (self._rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            whole, rest = [*whole, rest], b""
        self._rest = rest
        return [line.decode(errors="replace").rstrip("\r") for line in whole]

    def finish(self) -> list[str]:
        """What is left when no more will come."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []


class Terminal:
    """Writes `name | line`. When nobody reads any more, it goes on in silence."""

    def __init__(self, *, stream: TextIO, environment: Mapping[str, str], width: int = 8) -> None:
        self._stream = stream
        self._width = width
        self._coloured = stream.isatty() and not environment.get("NO_COLOR")
        self._is_open = True

    def write(self, *, name: str, line: str, colour: str = "") -> None:
        """One line. Control characters in it are shown, not obeyed; colours follow NO_COLOR."""
        line = _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", line)
        if self._coloured:
            prefix = f"\x1b[{colour or '1'}m{name:<{self._width}} |\x1b[0m"
            self._send(f"{prefix} {line}\x1b[0m\n" if "\x1b" in line else f"{prefix} {line}\n")
        else:
            self._send(f"{name:<{self._width}} | {_COLOUR.sub('', line)}\n")

    def _send(self, text: str) -> None:
        if not self._is_open:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal was closed
            self._is_open = False
