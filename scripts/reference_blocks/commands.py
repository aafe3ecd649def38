"""Every command: how it is called, what it does, its arguments and options, from the signatures of `tacit.cli`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from reference_blocks.tables import code, table


def blocks() -> dict[str, Callable[[], str]]:
    from tacit.cli.app import app

    return {f"command {name}": (lambda name=name, call=call: _command(name, call)) for name, call in _commands(app)}


def _commands(app: typer.Typer, group: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """(name, callback), those of groups with the group's name in front."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield group + (command.name or command.callback.__name__), command.callback
    for inner in app.registered_groups:
        assert inner.typer_instance is not None
        yield from _commands(inner.typer_instance, f"{group}{inner.name} ")


def _command(name: str, call: Callable[..., Any]) -> str:
    hints = get_type_hints(call, include_extras=True)
    usage, arguments, options = [f"tacit {name}"], [], []
    for parameter in inspect.signature(call).parameters.values():
        kind, info = _annotated(hints[parameter.name], parameter)
        if isinstance(info, ArgumentInfo):
            usage.append(info.metavar or parameter.name.upper())
            arguments.append((code(usage[-1]), _help(info), ""))
            continue
        names = _names(info) or (f"--{parameter.name.replace('_', '-')}",)
        value = _value(kind, info)
        required = parameter.default is inspect.Parameter.empty
        if required:
            usage.append(f"{names[-1]} {value}".strip())
        options.append((code(f"{', '.join(names)} {value}".strip()), _help(info), _default(parameter, kind, info)))
    parts = [
        inspect.cleandoc(call.__doc__ or ""),
        f"    {' '.join(usage)} [OPTIONS]" if options else f"    {' '.join(usage)}",
    ]
    parts.append(table(("argument or option", "", "default"), [*arguments, *options]))
    return "\n\n".join(parts)


def _annotated(hint: Any, parameter: inspect.Parameter) -> tuple[Any, ArgumentInfo | OptionInfo]:
    """The type without None, and what typer was told of it."""
    assert get_origin(hint) is Annotated, parameter.name
    kind, info = get_args(hint)[:2]
    assert isinstance(info, (ArgumentInfo, OptionInfo)), parameter.name
    inner = [one for one in get_args(kind) if one is not NoneType]
    return (inner[0] if inner and NoneType in get_args(kind) else kind), info


def _names(info: OptionInfo) -> tuple[str, ...]:
    """What an option is called, where it is said; in an Annotated type typer keeps the first one as the default."""
    first = (info.default,) if isinstance(info.default, str) and info.default.startswith("-") else ()
    return (*first, *(info.param_decls or ()))


def _value(kind: Any, info: OptionInfo) -> str:
    """What follows an option's name."""
    if kind is bool:
        return ""
    if info.metavar:
        return info.metavar
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(one.value) for one in kind)
    return {int: "N", float: "NUMBER", str: "TEXT", Path: "FILE"}.get(kind, "VALUE")


def _help(info: ArgumentInfo | OptionInfo) -> str:
    text = info.help or ""
    if isinstance(info, OptionInfo) and info.envvar:
        text += f" Also from the environment: `{info.envvar}`."
    return text


def _default(parameter: inspect.Parameter, kind: Any, info: OptionInfo) -> str:
    value = parameter.default
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value is False or value == "":
        return ""
    return code(str(value.value if isinstance(value, Enum) else value))
