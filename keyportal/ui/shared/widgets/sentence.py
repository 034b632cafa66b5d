"""A sentence of the services, with its moments in the viewer's own time."""

import reflex as rx

from keyportal.ui.shared.sentences import Part
from keyportal.ui.shared.widgets.badge import clock


def sentence(parts: rx.Var[list[Part]]) -> rx.Component:
    return rx.foreach(parts, _part)


def _part(part: rx.Var[Part]) -> rx.Component:
    return rx.cond(part.at != "", clock(part.at), rx.fragment(part.text))
