"""`python -m demos NAME`: run one story; without a name, list them all."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import NoReturn

import numpy as np

import demos

# What a learner may read them in; others come after.
ORDER = [
    "averaging",
    "descent",
    "clouds",
    "backprop",
    "moons",
    "digits",
    "overfit",
    "napkin",
    "cluster",
    "graph",
]


class Parser(ArgumentParser):
    """Says in one line what is wrong: the options are many, and there is --help."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (--help lists the options)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the story that the command line asks for; the exit code."""
    stories = find_stories()
    parser = Parser(
        prog="python -m demos",
        formatter_class=RawDescriptionHelpFormatter,
        description="Stories about learning machines, each to run, to read and to change:\n\n"
        + "\n".join(f"  {name:10} {explanation(story)[0]}" for name, story in stories.items()),
        epilog="python -m demos NAME --help explains one and its options.",
    )
    choices = parser.add_subparsers(metavar="NAME")
    for name, story in stories.items():
        choice = choices.add_parser(
            name,
            formatter_class=RawDescriptionHelpFormatter,
            description="\n".join(explanation(story)),
        )
        story.configure(choice)
        choice.set_defaults(run=story.run, prog=choice.prog)
    args = parser.parse_args(argv)
    if "run" not in args:
        parser.print_help()
        return 0
    try:
        if vars(args).get("out"):
            demos.prepare(args.out, args.plots)
        with np.errstate(all="ignore"):  # a story says itself when its numbers overflow
            args.run(args)
    except BrokenPipeError:  # nobody reads on, as behind `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
        return 141  # as shells have it: 128 + SIGPIPE
    except (ValueError, OSError, ImportError) as error:
        print(f"{args.prog}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except MemoryError as error:
        reason = str(error) or "there is no more"
        print(f"{args.prog}: error: too little memory for numbers as large as these: {reason}",
              file=sys.stderr)  # fmt: skip
        return 2
    except KeyboardInterrupt:
        print(f"{args.prog}: stopped", file=sys.stderr)
        return 130  # as shells have it: 128 + SIGINT
    return 0


def find_stories() -> dict[str, ModuleType]:
    """The modules here that can be run; what else is here, they share."""
    modules = {
        info.name: import_module(f"demos.{info.name}")
        for info in iter_modules(demos.__path__)
        if not info.name.startswith("_")
    }
    stories = [name for name, module in modules.items() if hasattr(module, "configure")]
    stories.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return {name: modules[name] for name in stories}


def explanation(story: ModuleType) -> list[str]:
    """The lines of a story's docstring; the first says what it is about."""
    return (story.__doc__ or "").strip().splitlines()


if __name__ == "__main__":
    sys.exit(main())
