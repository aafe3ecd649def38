"""Numbers in the attributes of windows, checked before a library divides by them."""

from __future__ import annotations

import math

from onnx import AttributeProto, NodeProto

from tacit.errors import ModelError

#: The least value; the greatest is MOST. Sizes of windows and steps are positive, padding may crop.
LEAST = {"kernel_shape": 1, "strides": 1, "dilations": 1, "group": 1, "pads": -(2**31) + 1, "output_padding": 0}
MOST = 2**31 - 1
#: Factors and addends: an infinity or NaN in one of them makes every value one.
FACTORS = ("alpha", "beta", "gamma", "epsilon")
#: Names that are bytes of a program at last, with a suffix.
MOST_NAME = 2**15


def check_numbers(node: NodeProto, place: str) -> None:
    """Raises :class:`ModelError` for a stride of zero and the like: the libraries crash on some of them."""
    if node.domain not in ("", "ai.onnx"):
        return
    for attribute in node.attribute:
        if attribute.name in FACTORS and attribute.type == AttributeProto.FLOAT and not math.isfinite(attribute.f):
            raise _refused(place, f"a finite {attribute.name}", attribute.f)
        least = LEAST.get(attribute.name)
        if least is None:
            continue
        values = [attribute.i] if attribute.type == AttributeProto.INT else list(attribute.ints)
        wrong = next((value for value in values if not least <= value <= MOST), None)
        if wrong is not None:
            raise _refused(place, f"{attribute.name} from {least} to {MOST}", wrong)


def _refused(place: str, expected: str, got: float) -> ModelError:
    return ModelError(f"expected {expected}, got {got}", slug="attribute", place=place)


def check_name(name: str, place: str) -> None:
    """Raises :class:`ModelError` for a name that no program has room for."""
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > MOST_NAME:
        raise ModelError(
            f"expected a name of at most {MOST_NAME} bytes, got {size}",
            slug="structure",
            place=f"{place} {name[:40]}...",
            remedy="give the tensors shorter names",
        )
