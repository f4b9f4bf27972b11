"""`paidan metrics`: what Prometheus and Grafana need to watch Paidan, made from the metrics of this version."""

import typer

metrics = typer.Typer(no_args_is_help=True)


@metrics.command()
def rules() -> None:
    """Write the alerting rules for Prometheus; JSON, which Prometheus reads as YAML."""
    from streams.monitoring.alerts import rules as written
    from streams.terminal.harmless import hand_out

    hand_out(written())


@metrics.command()
def board() -> None:
    """Write the dashboard for Grafana, with a panel for each metric."""
    from streams.monitoring.board import board as written
    from streams.terminal.harmless import hand_out

    hand_out(written())
