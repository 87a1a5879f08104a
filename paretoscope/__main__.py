"""Command line: `paretoscope runs ls|show|launch|watch|stop|...`, `data ls|upload` and `mcp`."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

from .client import Client
from .http import ApiError
from .runs import Run

LIMITS = ("max_hours", "max_gpu_hours", "max_kwh")
TEAM_HELP = "name of the team; needed if you have several"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, or 2 with one line on the error output."""
    args = _parser().parse_args(arguments)
    try:
        args.run(Client(args.url, args.token), args)
    except (ApiError, OSError, ValueError) as error:
        print(f"paretoscope: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="paretoscope", description="Use a workbench by its API.")
    parser.add_argument("--url", help="address of the workbench; default: PARETOSCOPE_URL")
    parser.add_argument("--token", help="API token; default: PARETOSCOPE_TOKEN")
    groups = parser.add_subparsers(required=True, metavar="runs | data | mcp")
    runs = groups.add_parser("runs", help="list, launch, watch and read runs")
    commands = runs.add_subparsers(required=True, metavar="COMMAND")

    listed = commands.add_parser("ls", help="list runs, newest first")
    listed.add_argument("text", nargs="*", help="words as in the search field of the run list")
    listed.add_argument("--state", action="append", default=[], help="only in this state")
    listed.add_argument("--limit", type=int, default=25, help="number of runs, by default 25")
    listed.set_defaults(run=_list)

    launched = commands.add_parser("launch", help="launch a run of a file of settings")
    launched.add_argument(
        "name", nargs="?", default="", help="name of the run; default: that of a YAML file"
    )
    launched.add_argument(
        "file", help='YAML that the launch form saved, or JSON such as {"space": "nb201"}'
    )
    launched.add_argument("--team", default="", help=TEAM_HELP)
    launched.add_argument("--key", help="launches once, however often the command is repeated")
    launched.add_argument("--wait", action="store_true", help="wait until the run has ended")
    launched.set_defaults(run=_launch)

    for name, act, text in (
        ("show", _show, "print a run as JSON"),
        ("watch", _watch, "print progress until a run has ended"),
        ("stop", _control, "end a run once its running candidates have ended"),
        ("cancel", _control, "end a run now"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("number", type=int)
        command.set_defaults(run=act, action=name)

    raised = commands.add_parser("raise-budget", help="evaluate more candidates, or raise limits")
    raised.add_argument("number", type=int)
    raised.add_argument("--candidates", type=int, help="in total")
    for name in LIMITS:
        option = f"--{name.replace('_', '-')}"
        raised.add_argument(option, type=float, help="the new limit; 0: no limit")
    raised.set_defaults(run=_raise_budget)

    _add_data(groups)
    served = groups.add_parser("mcp", help="serve the API to a language model (MCP, stdio)")
    served.add_argument("--budget", type=int, default=0, help="candidates that it may launch")
    served.set_defaults(run=_serve)

    compared = commands.add_parser("compare", help="compare runs by their shared objectives")
    compared.add_argument("numbers", type=int, nargs="+")
    compared.set_defaults(run=_compare)

    pulled = commands.add_parser("pull", help="write the candidates of a run as CSV")
    pulled.add_argument("number", type=int)
    pulled.add_argument("--out", help="a file; default: standard output")
    pulled.set_defaults(run=_pull)
    return parser


def _add_data(groups: Any) -> None:
    data = groups.add_parser("data", help="upload and list data sets")
    commands = data.add_subparsers(required=True, metavar="ls | upload")
    listed = commands.add_parser("ls", help="list data sets, newest first")
    listed.add_argument("--team", default="", help="only of this team")
    listed.set_defaults(run=_list_data)
    uploaded = commands.add_parser("upload", help="upload a .zip, .npz, .csv or .txt")
    uploaded.add_argument("file")
    uploaded.add_argument("--name", default="", help="default: the name of the file")
    uploaded.add_argument("--note", default="", help="a note on the data")
    uploaded.add_argument("--team", default="", help=TEAM_HELP)
    uploaded.set_defaults(run=_upload_data)


def _list_data(client: Client, args: Any) -> None:
    for data in client.data(team=args.team):
        row = data.row
        parts = " ".join(f"{name} {count}" for name, count in row["parts"].items())
        print(f"{row['id']}\t{row['name']} v{row['version']}\t{parts}\t{row['run_count']} runs")


def _upload_data(client: Client, args: Any) -> None:
    data = client.upload_data(args.file, args.name, note=args.note, team=args.team)
    row = data.row
    print(f"{row['id']}\t{row['name']} v{row['version']}\t{row['path']}")
    for note in row["notes"]:
        print(f"  {note}")


def _list(client: Client, args: Any) -> None:
    for run in islice(client.runs(" ".join(args.text), state=args.state), args.limit):
        row = run.row
        progress = f"{row['told']}/{row['budget']}"
        print(f"{run.id:>7}  {run.state:10} {progress:>11}  {row['strategy']:22} {run.name}")


def _launch(client: Client, args: Any) -> None:
    spec = _settings_in(args.file)
    if isinstance(spec, str):
        run = client.launch_yaml(spec, args.name, team=args.team, key=args.key)
    else:
        run = client.launch(args.name, team=args.team, key=args.key, **spec)
    print(run.id)
    if args.wait:
        _wait(run)


def _settings_in(path: str) -> dict[str, Any] | str:
    """Return the JSON object in a file, or its text if it is YAML, which the workbench reads.

    Raises:
        ValueError: it should be JSON and is not, or holds something else.
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        spec = json.loads(text)
    except ValueError as error:
        if path.endswith(".json"):
            raise ValueError(f"{path} is not JSON: {error}") from None
        return text
    if not isinstance(spec, dict):
        raise ValueError(f"{path} must hold one JSON object, or settings as YAML")
    return spec


def _show(client: Client, args: Any) -> None:
    print(json.dumps(client.run(args.number).row, indent=2))


def _watch(client: Client, args: Any) -> None:
    _wait(client.run(args.number))


def _control(client: Client, args: Any) -> None:
    run = client.run(args.number)
    print(getattr(run, args.action)().state)


def _raise_budget(client: Client, args: Any) -> None:
    named = {name: getattr(args, name) for name in ("candidates", *LIMITS)}
    given = {name: value for name, value in named.items() if value is not None}
    _print(client.run(args.number).raise_budget(**given))


def _pull(client: Client, args: Any) -> None:
    rows = client.run(args.number).candidates().flat()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(args.out, "w", newline="") if args.out else sys.stdout as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _serve(client: Client, args: Any) -> None:
    try:
        from .mcp_server import build_server

        server = build_server(client, args.budget)
    except ImportError:
        raise ValueError("the MCP server needs the package fastmcp: pip install fastmcp") from None
    server.run(show_banner=False)


def _compare(client: Client, args: Any) -> None:
    """Print one line per run: front size, best first objective, hypervolume of one reference."""
    found = client.compare(*args.numbers)
    goal = next(iter(found["goals"]), {"name": "best", "unit": ""})
    best = f"{goal['name']} ({goal['unit']})" if goal["unit"] else goal["name"]
    print(f"{'run':>7}  {'strategy':22} {'front':>5} {best:>14} {'hypervolume':>12}  name")
    for run in found["runs"]:
        values = (run["best"], run["hypervolume"])
        first, second = ("-" if value is None else f"{value:.4g}" for value in values)
        front = len(run["front"])
        strategy, name = run["strategy"], run["name"]
        print(f"{run['id']:>7}  {strategy:22} {front:>5} {first:>14} {second:>12}  {name}")


def _wait(run: Run) -> None:
    run.wait(on_change=_print)
    if run.state == "failed":
        raise ValueError(f"run {run.id} failed: {run.row['reason']}")


def _print(run: Run) -> None:
    print(f"{run.state}, {run.row['told']} of {run.row['budget']} candidates", flush=True)


if __name__ == "__main__":
    sys.exit(main())
