#!/usr/bin/env python
"""Django's command line; `manage.py up` starts the whole workbench."""

import os
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"  # not that of another project
    if sys.argv[1:2] == ["up"]:  # it makes the settings that Django would read
        from webapp.start.up import main as up

        sys.exit(up(sys.argv[2:]))
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        sys.exit(
            f"paretoscope: no database ({reason}): start the workbench with `make run` (and set "
            "PARETOSCOPE_VAR to its folder if it is not var), or set DATABASE_URL"
        )


if __name__ == "__main__":
    main()
