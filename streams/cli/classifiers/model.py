"""`paidan model`: which classifiers there are, and which of them is active, in the shadow, or was active before."""

import asyncio
from typing import Annotated

import typer

from models.city import City, load_city
from models.classifier import Classifier, ClassifierError
from models.classifier.serving.model_path import read_model
from models.classifier.serving.store import Store
from models.errors import UsageError
from models.times import now_ms, to_text
from streams.cli.classifiers.options import Model
from streams.control import model_pointers
from streams.control.model_pointers import (
    INITIAL,
    Pointers,
    promoted,
    read_pointers,
    rolled_back,
    shadowed,
)
from streams.control.models_in_force import load_first, load_named
from streams.control.one_at_a_time import ControlError
from streams.language import in_locale
from streams.learning.labels import read_labels, without_unknown
from streams.learning.promotion import Judgement, judge
from streams.settings import Settings, load_settings
from streams.terminal.console import Console, whole_table
from streams.terminal.harmless import say
from streams.terminal.progress import counting
from streams.terminal.verdict import show_verdict

Name = Annotated[str, typer.Argument(metavar="ID", help="A model of the store: 16 hex characters.")]
_NEWEST = 5

model = typer.Typer(no_args_is_help=True)


@model.command("list")
def list_models() -> None:
    """The models of the store, with their rows, categories and training, and which of them are in force."""
    settings = load_settings()
    store, now = Store(settings.models_address), asyncio.run(read_pointers(settings))
    roles = {now.previous: "previous", now.shadow: "shadow", now.active: "active"}
    heads = "model", "in force", "trained", "rows", "categories", "target", "learnt from"
    table = whole_table(*heads, unbroken=("model", "in force"), title=store.address)
    if INITIAL in roles:
        table.add_row(INITIAL, roles[INITIAL], settings.model or "shipped with Paidan")
    for name in store:
        try:
            found = store.load(name)
        except ClassifierError as error:
            table.add_row(name, roles.get(name, ""), f"cannot be loaded: {error}")
            continue
        origin = found.manifest.provenance
        about = (str(origin.rows), str(len(found.classes)), f"{found.target:.3f}", origin.data)
        table.add_row(name, roles.get(name, ""), origin.trained, *about)
    console = Console(soft_wrap=True)
    console.print(table)
    for change in now.changes[-_NEWEST:]:
        why = "forced" if change.action == "promote" else "reason"
        forced = f", {why}: {change.forced}" if change.forced else ""
        gain = "" if change.gain is None else f", gain {change.gain:+.4f} on {change.orders} orders"
        console.print(f"{change.at} {change.action} {change.model or 'none'}{gain}{forced}", highlight=False)


@model.command()
def add(path: Model) -> None:
    """Put a model into the store; prints its id."""
    file, data = read_model(path)
    store = Store(load_settings().models_address)
    try:
        Classifier.from_bytes(data)
    except ClassifierError as error:
        raise ClassifierError(f"{file}: {error}") from error
    say(store.put(data))


@model.command()
def shadow(
    name: Annotated[str, typer.Argument(metavar="ID|none", help="A model of the store, or `none` to end it.")],
) -> None:
    """Let a model run on live traffic beside the active one: its guesses are recorded and change nothing."""
    settings = load_settings()
    wanted = "" if name == "none" else Store(settings.models_address).load(name).id
    asyncio.run(model_pointers.change(settings, shadowed(wanted, now_ms())))
    say(f"in the shadow: {wanted or 'none'}")


@model.command()
def promote(
    name: Name,
    force: Annotated[str, typer.Option(metavar="REASON", help="Overrule a refusal; the reason is recorded.")] = "",
) -> None:
    """Make a model the active one of all workers, if it is no worse than the present one on the same later orders."""
    settings = load_settings()
    Store(settings.models_address).load(name)
    now = asyncio.run(read_pointers(settings))
    if now.active == name:
        raise UsageError(f"the model {name} is the active one already")
    judgement = _judged(settings, now, name, bool(force))
    refusals = ("the active model cannot be loaded",) if judgement is None else judgement.reasons
    if judgement is not None:
        _show(judgement)
    if refusals and not force:
        raise ControlError(f"{name} is not promoted: {'; '.join(map(in_locale, refusals))}")
    record: dict[str, object] = {"forced": force, "refusals": refusals}
    if judgement is not None:
        record |= {"orders": judgement.every.orders, "gain": judgement.every.gain.mean}
    asyncio.run(model_pointers.change(settings, promoted(name, now.active, now_ms(), **record)))
    say(f"active: {name}; before: {now.active}")


@model.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
) -> None:
    """Make the model active again that was so before the last promotion or rollback."""
    settings = load_settings()
    now = asyncio.run(read_pointers(settings))
    if not now.previous:
        raise ControlError("there is nothing to go back to: no model was promoted yet")
    if now.previous != INITIAL:
        Store(settings.models_address).load(now.previous)
    asyncio.run(model_pointers.change(settings, rolled_back(now.previous, now_ms(), reason)))
    say(f"active: {now.previous}; before: {now.active}")


def _judged(settings: Settings, now: Pointers, candidate: str, forced: bool) -> Judgement | None:
    """The comparison with the active model; None when that cannot be loaded and the promotion is forced anyway."""
    city = load_city(settings.city)
    try:
        active = _active(settings, now, city)
    except ClassifierError:
        if forced:
            return None
        raise
    with counting("reading the log", None) as advance:
        labels = asyncio.run(read_labels(settings, advance))
    still, _ = without_unknown(labels, city.categories)  # orders of other categories will not come any more
    return judge(active, load_named(settings, city, candidate), still, city.zone)


def _active(settings: Settings, now: Pointers, city: City) -> Classifier:
    if now.active != INITIAL:
        return load_named(settings, city, now.active)
    first = load_first(settings, city)
    if first is None:
        raise ClassifierError("there is no active model to compare with: --force REASON promotes without comparing")
    return first


def _show(judgement: Judgement) -> None:
    say(f"orders opened after {to_text(judgement.after)}, when both models were trained:")
    show_verdict(judgement.every, judgement.reasons)
    blind = judgement.blind
    if blind.orders:
        say(f"of them judged blind: {blind.orders} orders, {blind.active:.4f} -> {blind.candidate:.4f}")
