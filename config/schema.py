"""How the API describes itself: every operation has a line that says what it does."""

import inspect
import re

from drf_spectacular.openapi import AutoSchema

VERBS = {"list": "List", "retrieve": "Read one of", "create": "Add to", "update": "Change one of"}
METHODS = {"GET": "Read", "POST": "Add to", "PATCH": "Change one of", "PUT": "Change one of", "DELETE": "Remove one of"}


class Schema(AutoSchema):
    """The summary is the first sentence of the action's docstring, or made from what it acts on."""

    def get_summary(self) -> str:
        action = getattr(self.view, self.method.lower(), None)
        said = inspect.getdoc(getattr(self.view, getattr(self.view, "action", "") or "", action) or action)
        named = getattr(self.view, "action", None) in VERBS
        if said and not named:
            return said.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")
        things = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self.view).__name__).lower()
        return f"{VERBS.get(getattr(self.view, 'action', ''), METHODS[self.method])} {things}"
