"""
Frozen values to bytes and back: what a stranger wrote is checked, field by field, against
the types the value declares, so that nothing inside needs to check again.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from frames.event import InvalidEventError

T = TypeVar("T")


def from_fields(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Build a *kind* from named fields, numbers possibly still text; or InvalidEventError."""
    return _checked(kind, lambda: _adapter(kind).validate_python(fields))


def from_json(kind: type[T], text: bytes) -> T:
    """Build a *kind* from a JSON object; or InvalidEventError."""
    return _checked(kind, lambda: _adapter(kind).validate_json(text))


def to_json(value: Any, exclude: set[str] | None = None) -> bytes:
    """Write *value* as compact JSON, without the fields in *exclude*."""
    return _adapter(type(value)).dump_json(value, exclude=exclude)


def to_fields(value: Any, exclude: set[str] | None = None) -> dict[str, Any]:
    """The fields of *value* as JSON knows them, without those in *exclude*."""
    fields: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json", exclude=exclude)
    return fields


def _checked(kind: type[T], build: Callable[[], Any]) -> T:
    try:
        value: T = build()
        return value
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise InvalidEventError(f"not a {kind.__name__}: {where}: {wrong['msg']}"[:300]) from error


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The checker of one type, built once: that takes a millisecond."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}
