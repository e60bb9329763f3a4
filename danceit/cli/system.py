"""`danceit plugins` and `danceit doctor`."""

import click

from danceit.cli.options import table


@click.command()
def plugins() -> None:
    """List sources, trackers, stores, aligners, renderers, ... and what fails to load."""
    from danceit.workflow.line import all_plugins

    listing = all_plugins()
    click.echo(
        table(
            ("group", "name", "from", "target"),
            [(info.group, info.name, info.provider, info.target) for info in listing],
        )
    )
    for info in listing:
        if info.remark:
            click.echo(f"note: {info.name}: {info.remark}")
    for info in listing:
        if info.problem:
            click.echo(f"warning: {info.problem}", err=True)


@click.command()
def doctor() -> None:
    """Check what this machine has; exit with 1 where something needed is missing."""
    from danceit.workflow.doctor import examine

    checks = examine()
    click.echo(table(("", "what", "found"), [(c.mark, c.what, c.told) for c in checks]))
    missing = [check for check in checks if check.needed and not check.ok]
    for check in missing:
        click.echo(f"danceit: {check.what}: {check.remedy}", err=True)
    if missing:
        raise click.exceptions.Exit(1)
