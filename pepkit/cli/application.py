"""The application: its commands, its global options, and how errors become messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pepkit.cli import (
    candidate_command,
    catalogue_command,
    certify,
    certify_pattern,
    checking,
    injectivity_command,
    lab_command,
    network,
    network_study_command,
    proving,
    reproduce_command,
    schedule_check,
    schedules,
    showing,
    solver_list,
)
from pepkit.cli.exit_codes import EPILOG, ExitCode, exit_code_of
from pepkit.cli.output import error_text, print_error

__all__ = ["application"]


class _ReportingGroup(TyperGroup):
    """A group of commands in which every error is one message on stderr and one exit code."""

    def invoke(self, ctx: Any) -> Any:
        debug = bool(ctx.params.get("debug"))
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            print_error("interrupted")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            # the reader of a pipe has gone (pepkit show ... | head); typer knows what to do
            raise
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                # usage errors belong to typer
                raise
            if debug:
                traceback.print_exception(error, file=sys.stderr)
            if code is ExitCode.BUG and not debug:
                print_error(
                    f"internal error, {type(error).__name__}: {error_text(error)}\n"
                    "This is a bug in pepkit; 'pepkit --debug ...' shows where. No certificate was written."
                )
            else:
                print_error(error_text(error))
            raise typer.Exit(code) from None


application = typer.Typer(
    cls=_ReportingGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
application.add_typer(certify.commands, name="certify")
certify_pattern.register(certify.commands)
network_study_command.register(network.commands)
application.add_typer(network.commands, name="network")
application.command("check", epilog=EPILOG)(checking.check)
application.command("show", epilog=EPILOG)(showing.show)
application.command("candidate", epilog=EPILOG)(candidate_command.candidate_command)
application.command("reproduce", epilog=EPILOG)(reproduce_command.reproduce_command)
schedule_check.register(schedules.commands)
application.add_typer(schedules.commands, name="schedule")
application.command("prove", epilog=EPILOG)(proving.prove)
application.command("solvers")(solver_list.solvers)
application.command("catalogue", epilog=EPILOG)(catalogue_command.catalogue)
application.command("lab", epilog=EPILOG)(lab_command.lab_command)
network.commands.command("injectivity", epilog=EPILOG)(injectivity_command.injectivity)
network.commands.command("injectivity-threshold", epilog=EPILOG)(injectivity_command.injectivity_threshold)
network.commands.command("injectivity-probability", epilog=EPILOG)(injectivity_command.injectivity_probability)
network.commands.command("injectivity-study", epilog=EPILOG)(injectivity_command.injectivity_study)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pepkit {version('pepkit')}")
        raise typer.Exit


@application.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="PEPKIT_DEBUG", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Exact, checkable certificates for worst-case rates of first-order methods."""
